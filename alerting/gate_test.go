package alerting

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// rig is a gate whose probes are answered by a function; it notes when they came.
type rig struct {
	*gate
	mu     sync.Mutex
	probes []time.Duration
}

func (r *rig) asked() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.probes)
}

func newRig(t *testing.T, probe func(ctx context.Context, n int) error) *rig {
	r, begun := &rig{}, time.Now()
	r.gate = newGate(func(ctx context.Context) error {
		r.mu.Lock()
		r.probes = append(r.probes, time.Since(begun).Round(time.Second))
		n := len(r.probes)
		r.mu.Unlock()
		return probe(ctx, n)
	}, func() {}, func(error) {})
	go r.run(t.Context())
	return r
}

var errDown = at(phaseConnect, io.EOF)

func TestTheGateAsksEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(_ context.Context, n int) error {
			if n < 6 {
				return errDown
			}
			return nil
		})
		r.note(errDown)
		if r.room() != 0 || r.closed() == nil {
			t.Error("it is open")
		}
		time.Sleep(time.Minute)
		if want := []time.Duration{1, 3, 7, 12, 17, 22}; !slices.Equal(r.asked(), times(want)) || r.room() != 1 {
			t.Errorf("probes at %v, want %v; room for %d", r.asked(), want, r.room())
		}
		r.note(errDown) // the row that was let through
		if r.room() != 0 {
			t.Error("it stayed open")
		}
		time.Sleep(time.Minute)
		r.note(at(phaseMessage, replyError(450, "x"))) // an answer about a message
		if r.room() != maxAttempts {
			t.Errorf("room for %d", r.room())
		}
	})
}

func TestTheGateIsPatientWithALoginThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locked := at(phaseConnect, &loginError{replyError(535, "x")})
		r := newRig(t, func(context.Context, int) error { return locked })
		r.note(locked)
		time.Sleep(10 * time.Minute)
		if n := len(r.asked()); n < 18 || n > 24 {
			t.Errorf("%d logins in 10 min: %v", n, r.asked())
		}
	})
}

// TestTheGateWaitsForASlowServer, and does not miss one that is mended meanwhile.
func TestTheGateWaitsForASlowServer(t *testing.T) {
	hang := func(ctx context.Context, d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return at(phaseConnect, fmt.Errorf("no answer: %w", context.Cause(ctx)))
		}
	}
	for name, probe := range map[string]func(ctx context.Context, n int) error{
		"one that takes 70 s": func(ctx context.Context, _ int) error { return hang(ctx, 70*time.Second) },
		"one that is mended, later": func(ctx context.Context, n int) error {
			return hang(ctx, map[bool]time.Duration{true: time.Hour}[n < 6])
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, probe)
				r.note(errDown)
				time.Sleep(95 * time.Second)
				if r.room() != 1 {
					t.Errorf("room for %d after the probes at %v", r.room(), r.asked())
				}
			})
		})
	}
}

func times(seconds []time.Duration) (out []time.Duration) {
	for _, s := range seconds {
		out = append(out, s*time.Second)
	}
	return out
}

func TestAMendedServerGetsWhatWaits(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *Config) { c.Settings.GroupWait = 0 })
	d.sink.Down()
	d.f.fail(t, 40)
	d.lead(1)
	eventually(t, "the server is found to be away", func() bool { return d.s.MailStatus().Error != "" })
	away := time.Now()
	eventually(t, "it is away for a while, in which rows would be tried again", func() bool {
		d.f.jump(10 * time.Second)
		return time.Since(away) > 2*time.Second
	})
	if n := d.f.attempts(); n > 2*maxAttempts {
		t.Errorf("%d attempts while the server is away", n)
	}
	if err := d.sink.Up(); err != nil {
		t.Fatal(err)
	}
	up := time.Now()
	d.waitMails(40)
	took := time.Since(up)
	t.Logf("the last of 40 mails came %v after the server", took.Round(10*time.Millisecond))
	if took > lastProbe+3*time.Second {
		t.Errorf("the last mail came %v after the server", took)
	}
	eventually(t, "the node knows that it answers", func() bool { return d.s.MailStatus().Error == "" })
}

// TestOneRecipientsTroubleIsNotEverybodys: a server that refuses our name for one
// recipient does not keep the others from getting theirs.
func TestOneRecipientsTroubleIsNotEverybodys(t *testing.T) {
	o := &oddServer{replies: map[string]string{"EHLO": "250 odd\r\n"}}
	o.rcpt = func(line string) string {
		if strings.Contains(line, "picky@") {
			return "550 5.7.1 Helo command rejected: Host not found\r\n"
		}
		return "250 ok\r\n"
	}
	o.start(t)
	d := newDesk(t, func(c *Config) {
		c.Settings.GroupWait, c.SMTPURL = 0, "smtp://"+o.addr+"?tls=none"
	})
	d.f.failOf(t, 30, func(i int) string { return []string{"picky@example.com", "ops@example.com"}[i%2] })
	d.lead(1)
	eventually(t, "the others have theirs", func() bool { return d.f.sent() == 15 })
	for _, a := range d.f.alerts() {
		if a.Recipient == "picky@example.com" && a.State == fsm.AlertFailed {
			t.Errorf("%s: %s", a.State, a.Error)
		}
	}
}
