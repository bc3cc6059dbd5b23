package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestDisksThatHangOrFail lets nodes' disks hang shorter and longer than the
// watchdog waits, and fail.
func TestDisksThatHangOrFail(t *testing.T) {
	t.Parallel()
	e := startPlainFaulty(t, 3, "--history", "1000000")
	e.waitServing(t)
	to := address()
	leader := e.leader()
	followers := e.Followers(leader)

	t.Run("the followers' disks hang for 4 s", func(t *testing.T) {
		h := startHerd(t, e, 4, 0, 20*time.Millisecond, touchy(to))
		e.hang(t, followers, 4*time.Second)
		h.mark()
		h.recovered()
		h.finish(leader)
		e.stillLeads(t, leader)
		for _, f := range followers {
			if !f.Running() {
				t.Errorf("%s ended over a disk that hung for 4 s:\n%s", f.Name, tail(f.Log(), 5))
			}
		}
		e.noMails(t, to, h)
	})

	t.Run("the followers' disks hang for 8 s", func(t *testing.T) {
		h := startHerd(t, e, 0, 4, 20*time.Millisecond, touchy(to))
		e.hang(t, followers, 8*time.Second)
		for _, f := range followers {
			e.endedInWords(t, f, "hangs")
			testkit.Must(t, f.Start())
			h.admit(f)
		}
		e.waitReady()
		e.stillRuns(t, leader)
		h.finish(e.leader())
		e.noMails(t, to, h)
	})

	for order, words := range map[string]string{"hang": "hangs", "fail": "input/output error"} {
		t.Run("the leader's disk is told to "+order, func(t *testing.T) {
			h := startHerd(t, e, 4, 2, 20*time.Millisecond, touchy(to))
			old := e.leader()
			h.shun(old)
			testkit.Must(t, old.Break("disk", order))
			h.mark()
			took := h.recovered()
			t.Logf("pings commit again %s after the leader's disk began to %s", took.Round(10*time.Millisecond), order)
			if took > patience {
				t.Errorf("no new leader for %s", took)
			}
			e.endedInWords(t, old, words)
			testkit.Must(t, old.Mend("disk"))
			testkit.Must(t, old.Start())
			e.waitReady()
			h.admit(old)
			h.finish(old)
			e.noMails(t, to, h)
		})
	}
}

// hang has disks hang for a while.
func (e *env) hang(t *testing.T, nodes []*localcluster.Node, d time.Duration) {
	t.Helper()
	for _, n := range nodes {
		testkit.Must(t, n.Break("disk", "hang"))
	}
	time.Sleep(d)
	for _, n := range nodes {
		testkit.Must(t, n.Mend("disk"))
	}
}

// endedInWords waits for a node to end by itself and say why.
func (e *env) endedInWords(t *testing.T, n *localcluster.Node, words string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	if err := n.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if last := tail(n.Log(), 3); n.ExitCode() != 1 || !strings.Contains(last, words) {
		t.Errorf("%s ended with exit code %d, and these words:\n%s", n.Name, n.ExitCode(), last)
	}
}

func (e *env) stillRuns(t *testing.T, n *localcluster.Node) {
	t.Helper()
	if !n.Running() {
		t.Fatalf("%s ended for its followers' trouble:\n%s", n.Name, tail(n.Log(), 5))
	}
}

func (e *env) stillLeads(t *testing.T, n *localcluster.Node) {
	t.Helper()
	e.stillRuns(t, n)
	if now := e.leader(); now != n {
		t.Errorf("%s leads, not %s", now.Name, n.Name)
	}
}

// noMails deletes a herd's heartbeats, and makes sure that no alert of theirs was
// or will be sent.
func (e *env) noMails(t *testing.T, to string, h *herd) {
	t.Helper()
	for _, s := range append(h.careful, h.rash...) {
		ask(t, 204, "DELETE", e.Running()[0].URL()+"/v1/heartbeats/"+s.h.ID, nil, nil)
	}
	e.canary(t)
	e.expectMails(t, to, 0)
}
