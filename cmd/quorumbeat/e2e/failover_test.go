package e2e

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestKillOfTheLeaderUnderLoad is promise 1, 2 and 3 at once.
func TestKillOfTheLeaderUnderLoad(t *testing.T) {
	t.Parallel()
	e := start(t, 3, "--history", "1000000")
	e.waitServing(t)
	leader := e.leader()
	survivors := e.Followers(leader)
	l := startLoad(t, 24, survivors)
	l.waitEach(5)
	to := address()
	stopped := create(t, survivors[0], fields{"name": "stopped", "interval_secs": 3, "grace_secs": 1, "email": []string{to}})
	paused := pauseForATime(t, e, leader, 5)
	silenced := failInAWindow(t, leader, 6)
	ping(t, leader, stopped) // its second miss is 7 s of serving time from here
	e.expectMails(t, to, 0)
	l.mark()
	testkit.Must(t, leader.Kill())
	next := l.waitNext()
	newLeader := e.leader()
	l.waitEach(50) // load on the new leader, whatever comes
	total := l.finish(newLeader)
	t.Logf("kill -9 of %s under load: pings commit again after %s, %s leads; %d pings answered, %d failed, the slowest took %s",
		leader.Name, next.Round(time.Millisecond), newLeader.Name, total, l.failed.Load(), time.Duration(l.slowest.Load()).Round(time.Millisecond))

	e.waitMails(t, to, 1)
	checkPauseEnded(t, e, newLeader, paused)
	silenced.toldAfter(t, e)
	e.canary(t)
	e.expectMails(t, to, 1)
	e.expectMails(t, paused.Email[0], 1)
	e.expectMails(t, silenced.fails.Email[0], 1)
	e.expectMails(t, silenced.recovers.Email[0], 0)

	testkit.Must(t, leader.Start())
	e.waitReady()
	for _, p := range l.pingers[:5] {
		if got := int64(get(t, leader, p.h.ID).PingsTotal); got != p.acked.Load() {
			t.Errorf("after its restart %s counts %d pings, %d were answered", leader.Name, got, p.acked.Load())
		}
	}
	e.expectMails(t, to, 1)
}

// pauseForATime makes a heartbeat that nobody pings, and pauses it for so many seconds.
func pauseForATime(t *testing.T, e *env, n *localcluster.Node, secs int) (h heartbeat) {
	t.Helper()
	h = create(t, n, fields{"name": "paused", "interval_secs": 1, "grace_secs": 1, "miss_threshold": 3, "email": []string{address()}})
	ask(t, 200, "POST", n.URL()+"/v1/heartbeats/"+h.ID+"/pause", fields{"for_secs": secs}, &h)
	if left := time.Until(h.PausedUntil); h.Status != "paused" || left < 0 || left > time.Duration(secs+2)*time.Second {
		t.Errorf("paused for %d s: %+v", secs, h)
	}
	return h
}

// checkPauseEnded waits for the end of a pause under another leader, and for what is then missed: the
// first interval. Nobody may be told before.
func checkPauseEnded(t *testing.T, e *env, n *localcluster.Node, h heartbeat) {
	t.Helper()
	down := e.waitMails(t, h.Email[0], 1)[0]
	if early := h.PausedUntil.Add(2 * time.Second).Sub(down.At); early > 0 {
		t.Errorf("alerted %s before an interval and the grace had passed since the end of the pause", early)
	}
	if now := get(t, n, h.ID); now.Status != "failing" || !now.PausedUntil.IsZero() {
		t.Errorf("after the pause: %+v", now)
	}
}

// TestAFrozenLeaderIsReplaced stops the leader's process without its knowing.
func TestAFrozenLeaderIsReplaced(t *testing.T) {
	t.Parallel()
	e := start(t, 3, "--history", "100000")
	e.waitServing(t)
	leader := e.leader()
	l := startLoad(t, 6, e.Followers(leader))
	l.waitEach(3)
	l.mark()
	testkit.Must(t, leader.Freeze())
	next := l.waitNext()
	l.waitEach(3)
	testkit.Must(t, leader.Thaw())
	l.waitEach(20)
	total := l.finish(leader)
	t.Logf("SIGSTOP of the leader: pings commit again after %s; %d answered", next.Round(time.Millisecond), total)
}

// TestARollingRestartRefusesNoPing restarts every node in turn, as an upgrade
// does, while clients ping the two that are up.
func TestARollingRestartRefusesNoPing(t *testing.T) {
	t.Parallel()
	e := start(t, 3, "--history", "100000")
	e.waitServing(t)
	to := address()
	h := create(t, e.Nodes[0], fields{"name": "job", "interval_secs": 2, "grace_secs": 3, "email": []string{to}})
	for _, n := range e.Nodes {
		l := startLoad(t, 6, e.Followers(n))
		stop := keepPinged(t, e.Followers(n)[0], h) // a restart may take longer than the job is given
		testkit.Must(t, n.Stop())
		if code := n.ExitCode(); code != 0 {
			t.Errorf("SIGTERM: %s ended with exit code %d", n.Name, code)
		}
		l.waitEach(3)
		testkit.Must(t, n.Start())
		e.waitReady()
		l.waitEach(3)
		l.finish(n)
		stop()
	}
	ping(t, e.Nodes[0], h)
	e.expectMails(t, to, 0)
}

// keepPinged pings now, and every half second until it is stopped.
func keepPinged(t *testing.T, n *localcluster.Node, h heartbeat) (stop func()) {
	t.Helper()
	ping(t, n, h)
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-ended:
				return
			case <-time.After(500 * time.Millisecond):
				resp, err := client.Post(pingURL(n, h), "", nil)
				if !isCounted(t, resp, err) {
					return
				}
			}
		}
	}()
	return func() {
		close(ended)
		<-over
	}
}

// silenced are two heartbeats that failed in a maintenance window.
type silenced struct {
	fails, recovers heartbeat // in it
	ends            time.Time
}

// toldAfter waits until what still fails is told, which may not be before the window's end.
func (s silenced) toldAfter(t *testing.T, e *env) {
	t.Helper()
	if told := e.waitMails(t, s.fails.Email[0], 1)[0]; told.At.Before(s.ends) {
		t.Errorf("what failed in a maintenance window was told %s before its end", s.ends.Sub(told.At))
	}
	e.expectMails(t, s.recovers.Email[0], 0)
}

// failInAWindow makes a maintenance window of so many seconds, in which one heartbeat fails for good, and one recovers.
func failInAWindow(t *testing.T, n *localcluster.Node, secs int) (s silenced) {
	t.Helper()
	tag := []string{"in-a-window"}
	s.ends = time.Now().Add(time.Duration(secs) * time.Second)
	ask(t, 201, "POST", n.URL()+"/v1/windows", fields{"name": "move", "tags": tag, "to": s.ends.Format(time.RFC3339Nano)}, nil)
	for name, h := range map[string]*heartbeat{"fails": &s.fails, "recovers": &s.recovers} {
		*h = create(t, n, fields{"name": name + " in a window", "grace_secs": 0, "tags": tag, "email": []string{address()}})
		ask(t, 200, "POST", pingURL(n, *h)+"/fail", nil, nil)
	}
	ping(t, n, s.recovers)
	return s
}
