package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestALeaderLostWhileAJobFlaps kills the leader at each step of a delivery while a job fails
// and recovers all the time. No mail comes twice without saying so, nothing stays behind, and the
// last mail tells the newest state. Without QUORUMBEAT_SOAK_STEPS there is one step.
func TestALeaderLostWhileAJobFlaps(t *testing.T) {
	t.Parallel()
	const window = time.Second
	e := startFaulty(t, 3, "--alert-flap-window", window.String(), "--alert-group-wait", "0s")
	e.waitServing(t)
	points := []string{"claimed", "transferred", "fenced", "taken", "settled"}
	if soakNumber(t, "QUORUMBEAT_SOAK_STEPS", 0) == 0 {
		points = points[:1]
	}
	for _, point := range points {
		leader := e.leader()
		n := e.Followers(leader)[0]
		to := address()
		h := e.flapper(t, "flapper "+point, to)
		began := time.Now()
		testkit.Must(t, leader.Break("crash", point))
		flap(t, n, h, 3*window/2)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := leader.Wait(ctx); err != nil {
			t.Fatalf("at the point %q: %v", point, err)
		}
		testkit.Must(t, leader.Start())
		e.waitReady()
		testkit.Eventually(t, "all is settled, and the newest state is told", func() bool {
			rows := alerts(t, n, h)
			for _, a := range rows {
				if a.State != "sent" && a.State != "cancelled" {
					return false
				}
			}
			return rows[0].Kind == "down" && rows[0].State == "sent"
		})
		e.toldOnce(t, point, to, 2+3*int(time.Since(began)/window))
	}
}

// toldOnce holds the mails to a recipient against the promise, and how many may come.
func (e *env) toldOnce(t *testing.T, what, to string, most int) {
	t.Helper()
	seen := map[string]bool{}
	mails := e.sink.Mails(to)
	for _, m := range mails {
		if seen[m.MessageID] && m.Header.Get("X-Quorumbeat-Possible-Duplicate") == "" {
			t.Errorf("%s: %q came twice and does not say so", what, m.Subject)
		}
		seen[m.MessageID] = true
	}
	if len(mails) == 0 || len(mails) > most {
		t.Errorf("%s: %d mails, want 1 to %d", what, len(mails), most)
	}
	if len(mails) > 0 {
		if last := mails[len(mails)-1]; last.Subject[:6] != "[DOWN]" {
			t.Errorf("%s: the last mail is %q, but the job is failing", what, last.Subject)
		}
	}
}
