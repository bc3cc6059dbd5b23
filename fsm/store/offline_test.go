package store

import (
	"bytes"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestBeginAnewKeepsWhatPeopleMadeAndNoNode(t *testing.T) {
	r := newRig(t)
	r.term = 7
	old := fsm.NodeID{1}
	r.must(fsm.SetClusterID{ID: fsm.NodeID{9}})
	r.must(fsm.PutNode{Node: fsm.NodeInfo{ID: old, Name: "n1"}})
	for i := 1; i <= 2; i++ {
		r.create(i, testSpec(60, 0, 1))
	}
	r.ping(1)
	r.run(61 * time.Second)
	ready := r.s.Work(r.term, 10).Ready
	if len(ready) != 2 {
		t.Fatalf("%d alerts are ready, want 2", len(ready))
	}
	for _, id := range ready {
		r.must(fsm.Claim{Alert: id, Term: r.term, Attempt: 1})
	}
	r.must(fsm.Fence{Alert: ready[0], Term: r.term, Attempt: 1})

	restored := New()
	if err := restored.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil {
		t.Fatal(err)
	}
	restored.BeginAnew(fsm.NodeID{10})
	r.s, r.term = restored, 1
	if id := r.s.ClusterID(); id != (fsm.NodeID{10}) {
		t.Errorf("cluster %s", id)
	}
	if n := r.s.Nodes(); len(n) != 0 {
		t.Errorf("nodes %v", n)
	}
	if h := r.heartbeat(1); h.Token != testToken(1) || h.Status != fsm.StatusFailing {
		t.Errorf("heartbeat %+v", h)
	}
	if w := r.s.Work(1, 10); len(w.Doubt) != 1 || w.Doubt[0].ID != ready[0] || len(w.Ready) != 1 || w.Ready[0] != ready[1] {
		t.Errorf("work of the new cluster: %+v; the fenced row must be in doubt and the claimed one ready", w)
	}
	r.must(fsm.ResolveDoubt{Alert: ready[0], Term: 0, Attempt: 1, Resend: true})
	r.must(fsm.Claim{Alert: ready[1], Term: 1, Attempt: 2})
	if c := r.ping(1); c != fsm.CodeOK {
		t.Errorf("ping: %v", c)
	}
}

func TestRemoveOthersRemovesEveryOtherNode(t *testing.T) {
	r := newRig(t)
	for i := byte(1); i <= 3; i++ {
		r.must(fsm.PutNode{Node: fsm.NodeInfo{ID: fsm.NodeID{i}}})
	}
	r.s.RemoveOthers(fsm.NodeID{2})
	if n := r.s.Nodes(); len(n) != 1 || n[0].ID != (fsm.NodeID{2}) {
		t.Errorf("nodes %v", n)
	}
	for i, want := range map[byte]bool{1: true, 2: false, 3: true} {
		if got := r.s.WasRemoved(fsm.NodeID{i}); got != want {
			t.Errorf("node %d removed: %t", i, got)
		}
	}
}
