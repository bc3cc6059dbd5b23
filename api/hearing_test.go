package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stubborn is a listener that can be made deaf: what is accepted then is closed.
type stubborn struct {
	net.Listener
	deaf atomic.Bool
}

func (s *stubborn) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		if err != nil || !s.deaf.Load() {
			return conn, err
		}
		_ = conn.Close()
	}
}

// newDeafRig has a server that can be made deaf, and probes of it that come fast.
func newDeafRig(t *testing.T, configure func(*Config)) (*rig, *stubborn, *prober, *bytes.Buffer) {
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := &stubborn{Listener: ln}
	r := serveOn(t, s, func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(&lockedBuffer{b: &log}, nil))
		configure(c)
	}, func(*Server) {})
	r.dial = func() (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) }
	waitUntil(t, "it serves", func() bool { return r.server.listener.Load() != nil })
	now := time.Now()
	return r, s, &prober{server: r.server, lost: 50 * time.Millisecond, forGood: time.Hour, heard: now, hopeful: now}, &log
}

func TestADeafListenerIsNoticedAndSaid(t *testing.T) {
	cert, key := certificate(t)
	for name, configure := range map[string]func(*Config){
		"plain": func(*Config) {}, "TLS": func(c *Config) { c.TLSCert, c.TLSKey = cert, key },
	} {
		t.Run(name, func(t *testing.T) {
			r, ln, p, log := newDeafRig(t, configure)
			var hears atomic.Int32
			life, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- p.run(life, 5*time.Millisecond, func(ok bool) { hears.Store(map[bool]int32{true: 1, false: -1}[ok]) })
			}()
			waitUntil(t, "it hears", func() bool { return hears.Load() == 1 })
			ln.deaf.Store(true)
			waitUntil(t, "it does not", func() bool { return hears.Load() == -1 })
			if err := r.server.ready(); !errors.Is(err, ErrDeaf) {
				t.Errorf("ready: %v", err)
			}
			ln.deaf.Store(false)
			waitUntil(t, "it hears again", func() bool { return hears.Load() == 1 })
			if err := r.server.ready(); err != nil {
				t.Errorf("ready: %v", err)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(), "answers again") {
				t.Errorf("logged: %s", log.String())
			}
		})
	}
}

func TestADeafNodeEndsWithWords(t *testing.T) {
	_, ln, p, _ := newDeafRig(t, func(*Config) {})
	ln.deaf.Store(true)
	p.forGood = 100 * time.Millisecond
	if err := p.run(t.Context(), 5*time.Millisecond, func(bool) {}); !errors.Is(err, ErrDeaf) || !strings.Contains(err.Error(), "others take over") {
		t.Errorf("it ends with %v", err)
	}
}

// TestASlowAnswerEndsNoNode judges probes that time out while pings are answered, and
// a single one that failed because the process was frozen.
func TestASlowAnswerEndsNoNode(t *testing.T) {
	r, _, p, _ := newDeafRig(t, func(*Config) {})
	begin := p.heard
	for i := range 100 {
		r.server.met.PingAnswered(200, time.Millisecond)
		if known, hears := p.judge(os.ErrDeadlineExceeded, begin.Add(time.Duration(i)*time.Minute)); known && hears {
			t.Fatal("a probe without an answer is an answer")
		}
		if got := begin.Add(time.Duration(i) * time.Minute); !p.hopeful.Equal(got) {
			t.Fatalf("pings are answered, and the last sign of life is of %v, not %v", p.hopeful, got)
		}
	}
	r.server.met.PingAnswered(200, time.Millisecond)
	p.judge(errUnreached, begin.Add(200*time.Minute))
	if p.hopeful.After(begin.Add(199 * time.Minute)) {
		t.Error("pings on old connections are a sign of life of a listener that takes no new ones")
	}
	_, _, p, _ = newDeafRig(t, func(*Config) {})
	if known, _ := p.judge(errors.New("frozen"), begin.Add(time.Hour)); known {
		t.Error("one failure after a long sleep is believed")
	}
}

func TestWhereANodeFindsItself(t *testing.T) {
	for addr, want := range map[string]string{"192.0.2.1:80": "192.0.2.1:80", "0.0.0.0:80": "127.0.0.1:80", "[::1]:80": "[::1]:80", "[::]:80": "127.0.0.1:80"} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(tcp); got != want {
			t.Errorf("%s is found at %s, want %s", addr, got, want)
		}
	}
}
