package store

import (
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestAboutTellsWhatAnAlertNeeds: the last good run before the incident, how long runs take, and what
// else fails since about the same time.
func TestAboutTellsWhatAnAlertNeeds(t *testing.T) {
	r := newRig(t)
	tagged := func(n int, name string, tags ...string) {
		s := testSpec(3600, 0, 1)
		s.Name, s.Tags, s.Owner, s.RunbookURL, s.Description = name, tags, "ann", "https://wiki.example/", "does things"
		r.create(n, s)
	}
	tagged(1, "job", "db")
	tagged(2, "zebra", "db")
	tagged(3, "apple")
	tagged(4, "late", "db")
	for range 6 {
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart})
		r.run(3 * time.Second)
		r.ping(1)
		r.run(time.Minute)
	}
	good := r.heartbeat(1).LastPing
	r.signal(1, fsm.Signal{Tells: fsm.SignalStart})
	r.run(10 * time.Second)
	for _, n := range []int{1, 2, 3} {
		r.signal(n, fsm.Signal{Tells: fsm.SignalFail})
	}
	r.run(10 * time.Minute)
	r.signal(4, fsm.Signal{Tells: fsm.SignalFail})
	h := r.heartbeat(1)
	a := r.s.About(testID(1), h.LastPing, h.Incident.Since)
	if !a.LastGood.Equal(good) || a.Took != 10*time.Second || a.Usual != 3*time.Second {
		t.Errorf("last good run %v, want %v; took %v, usually %v", a.LastGood, good, a.Took, a.Usual)
	}
	if !slices.Equal(a.FailsWith, []string{"zebra", "apple"}) || a.More != 0 || a.Failing != 4 {
		t.Errorf("fails with %q and %d more, of %d", a.FailsWith, a.More, a.Failing)
	}
	if a.Owner != "ann" || a.Runbook == "" || a.Description == "" || !slices.Equal(a.Tags, []string{"db"}) {
		t.Errorf("%+v", a)
	}
	if a := r.s.About(testID(99), time.Time{}, time.Time{}); a.Owner != "" || len(a.FailsWith) > 4 {
		t.Errorf("of one that is gone: %+v", a)
	}
}
