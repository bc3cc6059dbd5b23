package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// flap makes a job fail and run well again, five times a second, and then fail.
func flap(t *testing.T, n *localcluster.Node, h heartbeat, d time.Duration) (failures int) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); ; {
		ask(t, http.StatusOK, "POST", pingURL(n, h)+"/fail", nil, nil)
		if failures++; time.Now().After(end) {
			return failures
		}
		<-tick.C
		ping(t, n, h)
		<-tick.C
	}
}

func (e *env) flapper(t *testing.T, name, to string) heartbeat {
	t.Helper()
	return create(t, e.Nodes[0], fields{"name": name, "interval_secs": 3600, "grace_secs": 0, "email": []string{to}})
}

// TestAFlappingJob is no mail bomb: whatever it does, its recipient gets a mail or two
// a window, the last of them with its newest state; and while no mail can be
// sent, hardly anything waits. QUORUMBEAT_SOAK_FLAP is for how many ms it flaps.
func TestAFlappingJob(t *testing.T) {
	t.Parallel()
	const window = time.Second
	e := startPlain(t, 3, "--alert-flap-window", window.String(), "--alert-group-wait", "1s", "--alert-burst", "1")
	e.waitServing(t)
	flapping := time.Duration(soakNumber(t, "QUORUMBEAT_SOAK_FLAP", 1500)) * time.Millisecond
	t.Run("one job", func(t *testing.T) {
		t.Parallel()
		to := address()
		h := e.flapper(t, "flapper", to)
		began := time.Now()
		failures := flap(t, e.Nodes[1], h, flapping)
		e.waitNewest(t, to, "[DOWN] flapper")
		mails := e.sink.Mails(to)
		if most := 2 + 2*int(time.Since(began)/window); len(mails) > most {
			t.Errorf("%d mails about %d failures, want at most %d", len(mails), failures, most)
		}
		if least := int(flapping/window) / 2; len(mails) < least {
			t.Errorf("%d mails about %d failures, want at least %d", len(mails), failures, least)
		}
		t.Logf("%d failures within %v: %d mails", failures, time.Since(began), len(mails))
	})
	t.Run("several jobs of one recipient are so many heartbeats in a digest", func(t *testing.T) {
		t.Parallel()
		to, jobs := address(), make([]heartbeat, 4)
		t.Run("flapping", func(t *testing.T) {
			for i := range jobs {
				jobs[i] = e.flapper(t, fmt.Sprint("flapper-", i), to)
				t.Run(jobs[i].Name, func(t *testing.T) {
					t.Parallel()
					flap(t, e.Nodes[i%3], jobs[i], flapping)
				})
			}
		})
		for _, h := range jobs {
			testkit.Eventually(t, h.Name+" is told to be failing", func() bool {
				newest := alerts(t, e.Nodes[0], h)[0]
				return newest.Kind == "down" && newest.State == "sent"
			})
		}
		digests := 0
		for _, m := range e.sink.Mails(to) {
			var n int
			_, tail, _ := strings.Cut(m.Subject, "] ")
			if _, err := fmt.Sscanf(tail, "%d heartbeats:", &n); err != nil {
				continue
			}
			if digests++; n > len(jobs) {
				t.Errorf("a digest counts %d heartbeats of %d: %s", n, len(jobs), m.Subject)
			}
		}
		if digests == 0 {
			t.Error("no digest came")
		}
	})
}

// TestFlappingWithoutMail takes the mail server away while a job flaps.
func TestFlappingWithoutMail(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--alert-flap-window", "2s")
	e.waitServing(t)
	e.sink.Down()
	to := address()
	h := e.flapper(t, "flapper", to)
	for range 4 {
		flap(t, e.Nodes[2], h, 400*time.Millisecond)
		open := 0
		for _, a := range alerts(t, e.Nodes[0], h) {
			if a.State == "pending" || a.State == "claimed" || a.State == "fenced" {
				open++
			}
		}
		if open > 2 {
			t.Fatalf("%d alerts of one job wait", open)
		}
		ping(t, e.Nodes[2], h)
	}
	cancelled := 0
	for _, a := range alerts(t, e.Nodes[0], h) {
		if a.State == "cancelled" && strings.Contains(a.Error, "before this could be sent") {
			cancelled++
		}
	}
	if cancelled == 0 {
		t.Error("no alert says that it was cancelled, and why")
	}
	flap(t, e.Nodes[2], h, 0)
	testkit.Must(t, e.sink.Up())
	e.waitNewest(t, to, "[DOWN] flapper")
	e.expectMails(t, to, 1)
}

// waitNewest waits until the newest mail to a recipient has a subject that begins so.
func (e *env) waitNewest(t *testing.T, to, subject string) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("a newest mail %q to %s", subject, to), func() bool {
		mails := e.sink.Mails(to)
		return len(mails) > 0 && strings.HasPrefix(mails[len(mails)-1].Subject, subject)
	})
}
