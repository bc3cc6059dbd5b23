package events

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func newStreams(t *testing.T, ending func() bool) *Streams {
	t.Helper()
	s, err := NewStreams(Options{Kind: "test", Most: 1, Ending: ending, Gone: func(net.Conn) bool { return false }, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func silent() Stream {
	return Stream{
		Tell: func(io.Writer) {}, Alive: func(w io.Writer) { _, _ = io.WriteString(w, ":") },
		Stands: func() (string, bool) { return "", true },
	}
}

// TestASilentStreamShowsThatItLives: about every 15 s, for 10 minutes.
func TestASilentStreamShowsThatItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		began := time.Now()
		reason := newStreams(t, func() bool { return false }).run(bufio.NewWriter(&out), silent(), nil, nil)
		if reason != endAge || time.Since(began) < longest || time.Since(began) > longest+2*time.Second {
			t.Errorf("it ended by %s after %s", reason, time.Since(began))
		}
		if n := len(out.String()); n < 35 || n > 41 {
			t.Errorf("it showed %d times that it lived", n)
		}
	})
}

func TestAStreamEndsWhenItsNodeStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stops atomic.Bool
		time.AfterFunc(3*time.Second, func() { stops.Store(true) })
		began := time.Now()
		if reason := newStreams(t, stops.Load).run(bufio.NewWriter(io.Discard), silent(), nil, nil); reason != endStopping || time.Since(began) > 5*time.Second {
			t.Errorf("it ended by %s after %s", reason, time.Since(began))
		}
	})
}

// failing fails after a while.
type failing struct{ after time.Duration }

func (f failing) Write([]byte) (int, error) {
	time.Sleep(f.after)
	return 0, errors.New("gone")
}

func TestWhoDoesNotReadIsToldFromWhoLeft(t *testing.T) {
	for after, want := range map[time.Duration]string{time.Millisecond: endGone, 30 * time.Second: endSlow} {
		synctest.Test(t, func(t *testing.T) {
			one := silent()
			one.Tell = func(w io.Writer) { _, _ = io.WriteString(w, "data: x\n\n") }
			if reason := newStreams(t, func() bool { return false }).run(bufio.NewWriter(failing{after}), one, nil, nil); reason != want {
				t.Errorf("%s: %s", after, reason)
			}
		})
	}
}

// TestAWokenStreamTellsAtOnce: within a tenth of a second, which is also how often it looks
// at most.
func TestAWokenStreamTellsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stops atomic.Bool
		wake := make(chan struct{})
		close(wake)
		looks := 0
		one := silent()
		one.Wake = func() <-chan struct{} { return wake }
		one.Tell = func(io.Writer) { looks++ }
		time.AfterFunc(10*time.Second, func() { stops.Store(true) })
		newStreams(t, stops.Load).run(bufio.NewWriter(io.Discard), one, nil, nil)
		if looks < 90 || looks > 101 {
			t.Errorf("it looked %d times in 10 s", looks)
		}
	})
}

func FuzzParseID(f *testing.F) {
	cluster := fsm.NodeID{0x3f, 0x2a, 0x9c, 0x1e}
	f.Add("3f2a9c1e.7.48213")
	f.Add("3f2a9c1e..")
	f.Add("3f2a9c1e.18446744073709551616.1")
	f.Fuzz(func(t *testing.T, id string) {
		if at, ok := parseID(id, cluster); ok {
			again, ok := parseID(formatID(cluster, at), cluster)
			if !ok || again != at {
				t.Errorf("%q is %v, written and read %v", id, at, again)
			}
		}
	})
}
