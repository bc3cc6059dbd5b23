package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// TestACommandThatIsNotKnownStopsTheNode: to answer it as invalid would leave this node in
// another state than those that know it.
func TestACommandThatIsNotKnownStopsTheNode(t *testing.T) {
	for what, cmd := range map[string][]byte{
		"a kind":  {250, 1, 2, 3},
		"a field": append(fsm.AppendCommand(nil, fsm.Update{ID: testID(1)}), 1<<4, 3, 127, 1, 'x'),
	} {
		r := newRig(t)
		r.create(1, testSpec(60, 5, 2))
		for _, origin := range []int{0, logentry.NoOrigin} {
			b := logentry.Batch{Term: 1, Wall: r.wall, Origins: []logentry.Origin{{Node: fsm.NodeID{1}, Boot: 1, Floor: 1}}, Items: []logentry.Item{{Origin: origin, Seq: 1, Cmd: cmd}}}
			if res, err := r.s.Apply(logentry.Append(nil, &b), 1); !errors.Is(err, fsm.ErrVersion) || !strings.Contains(err.Error(), "upgrade this node") {
				t.Errorf("%s: %v, %v", what, res, err)
			}
		}
	}
	r := newRig(t)
	if res := r.do(fsm.Unknown{}); res.Code != fsm.CodeTooNew {
		t.Errorf("one that the leader did not know: %v", res.Code.Err())
	}
}

// TestPlainHeartbeatsPayNothingForFields: a page has one pointer more.
func TestPlainHeartbeatsPayNothingForFields(t *testing.T) {
	r := newRig(t)
	for n := 1; n <= 3; n++ {
		r.create(n, testSpec(60, 5, 2))
	}
	r.must(fsm.Update{ID: testID(2), Patch: fsm.Patch{Owner: new("ops")}})
	page, slot := r.s.st.table.At(2)
	if page.Fields(slot) == "" || r.heartbeat(2).Spec.Owner != "ops" || r.heartbeat(1).Spec.Owner != "" {
		t.Errorf("%+v", r.heartbeat(2))
	}
	version := r.heartbeat(2).Version
	r.must(fsm.Update{ID: testID(2), Patch: fsm.Patch{Owner: new("ops")}})
	if r.heartbeat(2).Version != version {
		t.Error("the same again is a change")
	}
	r.must(fsm.Update{ID: testID(2), Patch: fsm.Patch{Owner: new("")}})
	if page, slot = r.s.st.table.At(2); page.Fields(slot) != "" {
		t.Error("cleared fields are kept")
	}
	r.must(fsm.Update{ID: testID(2), Patch: fsm.Patch{Owner: new("ops")}})
	r.must(fsm.Delete{ID: testID(2)})
	r.must(fsm.Delete{ID: testID(1)})
	if page, slot = r.s.st.table.At(3); page.Fields(slot-1) != "" {
		t.Error("fields of a deleted heartbeat are kept")
	}
	if res := r.do(fsm.Update{ID: testID(3), Patch: fsm.Patch{RunbookURL: new("javascript:alert(1)")}}); res.Code != fsm.CodeInvalid {
		t.Errorf("a bad runbook: %v", res.Code.Err())
	}
}
