package listener

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/quorumbeat/quorumbeat/api/metrics"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
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

// deafRig is a server that can be made deaf, with probes of it that come fast.
type deafRig struct {
	ln     *stubborn
	prober *prober
	log    *testkit.Buffer
}

func newDeafRig(t *testing.T, secure bool) *deafRig {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &deafRig{ln: &stubborn{Listener: ln}, log: &testkit.Buffer{}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = server.Listener.Close()
	server.Listener, server.Config.ErrorLog = r.ln, log.New(io.Discard, "", 0)
	start := server.Start
	if secure {
		start = server.StartTLS
	}
	start()
	t.Cleanup(server.Close)
	now := time.Now()
	h := &Hearing{Addr: ln.Addr, TLS: secure, Metrics: newMetrics(t), Log: slog.New(slog.NewTextHandler(r.log, nil))}
	r.prober = &prober{hearing: h, deafAfter: 50 * time.Millisecond, forGood: time.Hour, answered: now, hopeful: now}
	return r
}

func newMetrics(t *testing.T) *metrics.Metrics {
	m, err := metrics.New(metrics.Options{Registry: prometheus.NewRegistry(), Idle: func() int { return 0 }, Active: func() int { return 0 }})
	testkit.Must(t, err)
	return m
}

func TestADeafListenerIsNoticedAndSaid(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			r := newDeafRig(t, secure)
			up := func() float64 { return testutil.ToFloat64(r.prober.hearing.Metrics.ListenerUp) }
			var hears atomic.Int32
			life, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- r.prober.run(life, 5*time.Millisecond, func(ok bool) { hears.Store(map[bool]int32{true: 1, false: -1}[ok]) })
			}()
			testkit.Eventually(t, "it hears", func() bool { return hears.Load() == 1 })
			r.ln.deaf.Store(true)
			testkit.Eventually(t, "it does not", func() bool { return hears.Load() == -1 })
			if err := r.prober.hearing.Err(); !errors.Is(err, ErrDeaf) || up() != 0 {
				t.Errorf("it says %v, and the metric is %v", err, up())
			}
			r.ln.deaf.Store(false)
			testkit.Eventually(t, "it hears again", func() bool { return hears.Load() == 1 })
			if err := r.prober.hearing.Err(); err != nil || up() != 1 {
				t.Errorf("it says %v, and the metric is %v", err, up())
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if n := strings.Count(r.log.String(), "level=ERROR"); n != 1 || !strings.Contains(r.log.String(), "answers again") {
				t.Errorf("logged: %s", r.log.String())
			}
		})
	}
}

func TestADeafNodeEndsWithWords(t *testing.T) {
	r := newDeafRig(t, false)
	p := r.prober
	r.ln.deaf.Store(true)
	p.forGood = 100 * time.Millisecond
	if err := p.run(t.Context(), 5*time.Millisecond, func(bool) {}); !errors.Is(err, ErrDeaf) || !strings.Contains(err.Error(), "others take over") {
		t.Errorf("it ends with %v", err)
	}
}

// TestASlowAnswerEndsNoNode notes probes that time out while pings are answered, and
// a single one that failed because the process was frozen.
func TestASlowAnswerEndsNoNode(t *testing.T) {
	p := newDeafRig(t, false).prober
	begin := p.answered
	for i := range 100 {
		p.hearing.Metrics.PingAnswered(200, time.Millisecond)
		if known, hears := p.noteProbe(os.ErrDeadlineExceeded, begin.Add(time.Duration(i)*time.Minute)); known && hears {
			t.Fatal("a probe without an answer is an answer")
		}
		if got := begin.Add(time.Duration(i) * time.Minute); !p.hopeful.Equal(got) {
			t.Fatalf("pings are answered, and the last sign of life is of %v, not %v", p.hopeful, got)
		}
	}
	p.hearing.Metrics.PingAnswered(200, time.Millisecond)
	p.noteProbe(errUnreached, begin.Add(200*time.Minute))
	if p.hopeful.After(begin.Add(199 * time.Minute)) {
		t.Error("pings on old connections are a sign of life of a listener that takes no new ones")
	}
	p = newDeafRig(t, false).prober
	if known, _ := p.noteProbe(errors.New("frozen"), begin.Add(time.Hour)); known {
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
