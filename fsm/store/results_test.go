package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// withSpec makes a heartbeat of 60 s with 10 s of grace, whose spec f has changed.
func (r *rig) withSpec(n int, f func(*fsm.Spec)) {
	r.t.Helper()
	spec := testSpec(60, 10, 2)
	spec.Emails = []string{"ops@example.com"}
	f(&spec)
	r.create(n, spec)
}

// downs are the alerts of heartbeat 1, the newest first.
func (r *rig) downs() []fsm.Alert {
	id := testID(1)
	list, _ := r.s.Alerts(fsm.AlertFilter{Heartbeat: &id})
	return list
}

// sameAfterRestore asks that a store which starts from an image of this one has the same.
func (r *rig) sameAfterRestore() {
	r.t.Helper()
	image := imageOf(r.t, r.s)
	again := New()
	if err := again.Restore(bytes.NewReader(image)); err != nil {
		r.t.Fatal(err)
	}
	if !bytes.Equal(imageOf(r.t, again), image) {
		r.t.Error("a restored store writes another image")
	}
	r.s = again
}

func tell(list ...any) (numbers []fsm.Number) {
	for i := 0; i < len(list); i += 2 {
		numbers, _ = fsm.AddNumber(numbers, fsm.Number{Name: list[i].(string), Value: list[i+1].(float64)})
	}
	return numbers
}

func (r *rig) status(n int) fsm.Status { return r.heartbeat(n).Status }

func TestAGoodRunThatBreaksACheckIsAFailure(t *testing.T) {
	r := newRig(t)
	r.withSpec(1, func(s *fsm.Spec) { s.Checks = []string{"bytes > 0", "bytes >= 0.5 * last"} })
	r.signal(1, fsm.Signal{Numbers: tell("bytes", 100.)})
	if r.status(1) != fsm.StatusActive || len(r.downs()) != 0 {
		t.Fatal("a good run failed")
	}
	r.signal(1, fsm.Signal{Numbers: tell("bytes", 0.)})
	a := r.downs()
	const broke = "completed but wrote 0 bytes; expected bytes > 0 (and one more check is broken)"
	if r.status(1) != fsm.StatusFailing || len(a) != 1 || a[0].Evidence.Broke != broke || !a[0].Evidence.Failed {
		t.Fatalf("%v, %+v", r.status(1), a)
	}
	list, _, _ := r.s.Pings(testID(1), 1, 0)
	if p := list[0]; p.Kind != fsm.SignalFail || p.Exit != fsm.NotKnown || p.Broke != broke || !slices.Equal(p.Numbers, tell("bytes", 0.)) {
		t.Errorf("in the history: %+v", p)
	}
	r.signal(1, fsm.Signal{Numbers: tell("bytes", 40.)}) // of the last good one, not of the last
	if r.status(1) != fsm.StatusFailing {
		t.Error("a broken run became the measure of the next")
	}
	r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{Checks: &[]string{"bytes >= 0.5 * last"}}}) // accepts 40
	r.signal(1, fsm.Signal{Numbers: tell("bytes", 30.)})
	if r.status(1) != fsm.StatusActive {
		t.Error("what an edit of the checks accepted is no measure")
	}
	if h := r.heartbeat(1); !slices.Equal(h.Numbers, tell("bytes", 30.)) {
		t.Errorf("the newest numbers are %v", h.Numbers)
	}
	r.sameAfterRestore()
}

func TestAPlainPingIsCheckedToo(t *testing.T) {
	r := newRig(t)
	r.withSpec(1, func(s *fsm.Spec) { s.Checks = []string{"rows >= 1"} })
	r.ping(1)
	if a := r.downs(); len(a) != 1 || a[0].Evidence.Broke != "completed but sent no rows; expected rows >= 1" {
		t.Fatalf("%+v", a)
	}
}

func TestRunLimits(t *testing.T) {
	run := func(t *testing.T, seconds int, f func(*fsm.Spec)) *rig {
		r := newRig(t)
		r.withSpec(1, f)
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart, Exit: fsm.NotKnown})
		r.run(time.Duration(seconds) * time.Second)
		r.signal(1, fsm.Signal{})
		return r
	}
	t.Run("a run that was too short is a failure", func(t *testing.T) {
		r := run(t, 5, func(s *fsm.Spec) { s.MinRun = 6 })
		if a := r.downs(); len(a) != 1 || a[0].Evidence.Broke != "completed but took 5 s; expected at least 6 s (min_run_secs)" {
			t.Errorf("%+v", a)
		}
	})
	t.Run("one that was long enough is none", func(t *testing.T) {
		if r := run(t, 6, func(s *fsm.Spec) { s.MinRun = 6 }); len(r.downs()) != 0 {
			t.Error("it alerts")
		}
	})
	t.Run("a run may take longer than the grace if it is said so", func(t *testing.T) {
		if r := run(t, 30, func(s *fsm.Spec) { s.MaxRun = 40 }); len(r.downs()) != 0 {
			t.Error("it alerts")
		}
	})
	t.Run("and no longer than that", func(t *testing.T) {
		if r := run(t, 5, func(s *fsm.Spec) { s.MaxRun = 3 }); len(r.downs()) == 0 || r.downs()[len(r.downs())-1].Evidence.Started.IsZero() {
			t.Error("it does not alert")
		}
	})
	t.Run("an edit gives open runs their new limit", func(t *testing.T) {
		r := newRig(t)
		r.withSpec(1, func(s *fsm.Spec) { s.MaxRun = 40 })
		r.signal(1, fsm.Signal{Tells: fsm.SignalStart, Exit: fsm.NotKnown})
		r.must(fsm.Update{ID: testID(1), Patch: fsm.Patch{MaxRun: new(int64(5))}})
		if r.run(8 * time.Second); r.status(1) != fsm.StatusFailing {
			t.Error("it does not alert")
		}
	})
}

func TestFailuresInARow(t *testing.T) {
	fail := fsm.Signal{Tells: fsm.SignalFail}
	r := newRig(t)
	r.withSpec(1, func(s *fsm.Spec) { s.FailureThreshold = 3 })
	r.signal(1, fail)
	r.signal(1, fail)
	if r.status(1) != fsm.StatusActive || len(r.downs()) != 0 {
		t.Fatal("two failures alert")
	}
	r.sameAfterRestore()
	r.ping(1)
	r.signal(1, fail)
	r.signal(1, fail)
	if r.status(1) != fsm.StatusActive {
		t.Fatal("a good run between them does not count")
	}
	r.signal(1, fail)
	if a := r.downs(); r.status(1) != fsm.StatusFailing || len(a) != 1 || !a[0].Evidence.Failed {
		t.Fatalf("%v, %+v", r.status(1), a)
	}
	t.Run("silence still alerts by its own threshold", func(t *testing.T) {
		r := newRig(t)
		r.withSpec(1, func(s *fsm.Spec) { s.FailureThreshold = 3 })
		r.signal(1, fail)
		r.run(131 * time.Second)
		r.run(time.Second)
		if a := r.downs(); len(a) != 1 || a[0].Evidence.Failed {
			t.Errorf("%+v", a)
		}
		r.signal(1, fail)
		if a := r.downs(); len(a) != 2 && a[0].Evidence.Failed {
			t.Error("a failure in a silence is told before there are three")
		}
	})
	t.Run("a pause begins anew", func(t *testing.T) {
		r := newRig(t)
		r.withSpec(1, func(s *fsm.Spec) { s.FailureThreshold = 2 })
		r.signal(1, fail)
		r.must(fsm.Pause{ID: testID(1)})
		r.must(fsm.Resume{ID: testID(1)})
		r.signal(1, fail)
		if len(r.downs()) != 0 {
			t.Error("one failure after a resume alerts")
		}
	})
}

func TestNumbersInTheHistory(t *testing.T) {
	r := newRig(t)
	r.withSpec(1, func(*fsm.Spec) {})
	r.signal(1, fsm.Signal{Exit: fsm.NotKnown, Numbers: tell("b", 2., "a", 0.25), Body: []byte("x")})
	r.signal(1, fsm.Signal{Tells: fsm.SignalLog, Exit: fsm.NotKnown, Numbers: tell("c", -1e300)})
	r.ping(1)
	list, _, _ := r.s.Pings(testID(1), 10, 0)
	if len(list) != 3 || len(list[0].Numbers) != 0 || !slices.Equal(list[1].Numbers, tell("c", -1e300)) || !slices.Equal(list[2].Numbers, tell("a", 0.25, "b", 2.)) {
		t.Errorf("%+v", list)
	}
	r.sameAfterRestore()
	var dropped int
	for i := range 30 { // names for which there is no place
		res := r.do(fsm.Signal{Ordinal: 1, Exit: fsm.NotKnown, Numbers: tell(fmt.Sprintf("n%02d", i), 1.)})
		if bytes.Equal(res.Data, fsm.NumbersDropped) {
			dropped++
		}
	}
	if want := 3 + 30 - fsm.MaxNumbers; dropped != want {
		t.Errorf("%d pings had numbers without a place, want %d", dropped, want)
	}
	r.sameAfterRestore()
}

func TestAnEntryHasRoomForEverything(t *testing.T) {
	r := newRig(t)
	r.withSpec(1, func(s *fsm.Spec) { s.Checks = []string{`body contains "` + strings.Repeat("é", 80) + `"`} })
	var numbers []fsm.Number
	for i := range fsm.MaxNumbers {
		numbers, _ = fsm.AddNumber(numbers, fsm.Number{Name: fmt.Sprintf("n%02d", i), Value: 0.1})
	}
	r.signal(1, fsm.Signal{Tells: fsm.SignalStart, HasRun: true, Run: [16]byte{1}, Exit: fsm.NotKnown})
	r.signal(1, fsm.Signal{HasRun: true, Run: [16]byte{1}, IdempotencyKey: [16]byte{9}, Numbers: numbers, Dropped: 77})
	r.signal(1, fsm.Signal{HasRun: true, Run: [16]byte{1}, IdempotencyKey: [16]byte{8}, Numbers: numbers, Body: []byte("y"), At: r.wall - 1})
	r.sameAfterRestore()
	list, _, _ := r.s.Pings(testID(1), 2, 0)
	for _, p := range list {
		if !slices.Equal(p.Numbers, numbers) {
			t.Errorf("%+v", p)
		}
	}
}
