package smtp

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// rig is a gate whose probes are answered by a function; it notes when they came.
type rig struct {
	*Gate
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
	r.Gate = NewGate(testRoom, func(ctx context.Context) error {
		r.mu.Lock()
		r.probes = append(r.probes, time.Since(begun).Round(time.Second))
		n := len(r.probes)
		r.mu.Unlock()
		return probe(ctx, n)
	}, func() {}, func(error) {})
	go r.Run(t.Context())
	return r
}

const testRoom = 16

var errDown = during(phaseConnect, io.EOF)

func TestTheGateAsksEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(_ context.Context, n int) error {
			if n < 6 {
				return errDown
			}
			return nil
		})
		r.Learn(errDown)
		if r.Room() != 0 || r.Closed() == nil {
			t.Error("it is open")
		}
		time.Sleep(time.Minute)
		if want := []time.Duration{1, 3, 7, 12, 17, 22}; !slices.Equal(r.asked(), times(want)) || r.Room() != 1 {
			t.Errorf("probes at %v, want %v; room for %d", r.asked(), want, r.Room())
		}
		r.Learn(errDown) // the row that was let through
		if r.Room() != 0 {
			t.Error("it stayed open")
		}
		time.Sleep(time.Minute)
		r.Learn(during(phaseMessage, replyError(450, "x"))) // an answer about a message
		if r.Room() != testRoom {
			t.Errorf("room for %d", r.Room())
		}
	})
}

func TestTheGateIsPatientWithALoginThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locked := during(phaseConnect, &LoginError{replyError(535, "x")})
		r := newRig(t, func(context.Context, int) error { return locked })
		r.Learn(locked)
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
			return during(phaseConnect, fmt.Errorf("no answer: %w", context.Cause(ctx)))
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
				r.Learn(errDown)
				time.Sleep(95 * time.Second)
				if r.Room() != 1 {
					t.Errorf("room for %d after the probes at %v", r.Room(), r.asked())
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
