package members

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// town is a cluster of voters 1, 2 and 3, all alive, for tests of plan.
type town struct{ in planInput }

func newTown() *town {
	t := &town{planInput{
		self: fsm.NodeID{1}, cluster: fsm.NodeID{99}, names: map[fsm.NodeID]string{},
		applied: map[fsm.NodeID]uint64{}, committed: 1000, dead: map[fsm.NodeID]time.Time{}, now: time.Now(),
		removed: func(fsm.NodeID) bool { return false },
	}}
	for n := byte(1); n <= 3; n++ {
		t.server(n, raft.Voter)
		t.alive(n)
	}
	return t
}

func place(n byte) string { return string([]byte{'h', ':', '0' + n}) }

func (t *town) server(n byte, s raft.ServerSuffrage) *town {
	id := fsm.NodeID{n}
	t.in.servers = append(t.in.servers, raft.Server{ID: raft.ServerID(id.String()), Address: raft.ServerAddress(place(n)), Suffrage: s})
	t.in.names[id] = string(rune('a' + n))
	return t
}

func (t *town) alive(n byte) *Member {
	t.in.members = append(t.in.members, Member{ID: fsm.NodeID{n}, Meta: Meta{Name: string(rune('a' + n)), Cluster: place(n), ClusterID: fsm.NodeID{99}}})
	return &t.in.members[len(t.in.members)-1]
}

// kill takes a node out of gossip, an hour ago.
func (t *town) kill(n byte) *town {
	for i, m := range t.in.members {
		if m.ID == (fsm.NodeID{n}) {
			t.in.members = append(t.in.members[:i], t.in.members[i+1:]...)
			break
		}
	}
	t.in.dead[fsm.NodeID{n}] = t.in.now.Add(-time.Hour)
	return t
}

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*town)
		kind actionKind
		id   byte
	}{
		"all is well":             {func(*town) {}, actNone, 0},
		"a node joins":            {func(w *town) { w.alive(4) }, actAdd, 4},
		"a fresh node joins":      {func(w *town) { w.alive(4).ClusterID = fsm.NodeID{} }, actAdd, 4},
		"a node of another place": {func(w *town) { w.alive(4).ClusterID = fsm.NodeID{7} }, actNone, 0},
		"a node not yet known":    {func(w *town) { w.alive(4).Cluster = "" }, actNone, 0},
		"a removed node knocks": {func(w *town) {
			w.alive(4)
			w.in.removed = func(id fsm.NodeID) bool { return id == fsm.NodeID{4} }
		}, actNone, 0},
		"a removed node is still in": {func(w *town) {
			w.in.removed = func(id fsm.NodeID) bool { return id == fsm.NodeID{3} }
		}, actRemove, 3},
		"a removed node that cannot be spared": {func(w *town) {
			w.kill(2)
			w.in.removed = func(id fsm.NodeID) bool { return id == fsm.NodeID{3} }
		}, actNone, 0},
		"a newcomer lags": {func(w *town) {
			w.server(4, raft.Nonvoter).alive(4)
			w.in.applied[fsm.NodeID{4}] = 1000 - caughtUp - 1
		}, actNone, 0},
		"a newcomer does not answer": {func(w *town) { w.server(4, raft.Nonvoter).alive(4) }, actNone, 0},
		"a newcomer has caught up": {func(w *town) {
			w.server(4, raft.Nonvoter).alive(4)
			w.in.applied[fsm.NodeID{4}] = 1000
		}, actPromote, 4},
		"a newcomer has a dead voter's name": {func(w *town) {
			w.kill(3).server(4, raft.Nonvoter).alive(4).Name = "d"
			w.in.applied[fsm.NodeID{4}] = 1000
		}, actRemove, 3},
		"a newcomer has a living voter's name": {func(w *town) {
			w.server(4, raft.Nonvoter).alive(4).Name = "d"
			w.in.applied[fsm.NodeID{4}] = 1000
		}, actPromote, 4},
		"a newcomer has a dead voter's address":   {func(w *town) { w.kill(3).alive(4).Cluster = place(3) }, actRemove, 3},
		"a newcomer has a living voter's address": {func(w *town) { w.alive(4).Cluster = place(3) }, actNone, 0},
		"a node came back elsewhere": {func(w *town) {
			w.kill(3).alive(3).Cluster = place(8)
		}, actMove, 3},
		"a dead voter stays":                         {func(w *town) { w.server(4, raft.Voter).alive(4); w.kill(3) }, actNone, 0},
		"a voter dead for long, with a spare":        {func(w *town) { w.server(4, raft.Voter).alive(4); w.kill(3); w.in.deadAfter = time.Minute }, actRemove, 3},
		"a voter dead for long, without a spare":     {func(w *town) { w.kill(3); w.in.deadAfter = time.Minute }, actNone, 0},
		"a voter not dead for long":                  {func(w *town) { w.server(4, raft.Voter).alive(4); w.kill(3); w.in.deadAfter = 2 * time.Hour }, actNone, 0},
		"two dead of four: nothing that could break": {func(w *town) { w.server(4, raft.Voter); w.kill(3); w.in.deadAfter = time.Minute }, actNone, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown()
			c.set(w)
			got := plan(w.in)
			if got.kind != c.kind || (c.id != 0 && got.id != fsm.NodeID{c.id}) {
				t.Errorf("planned %+v", got)
			}
		})
	}
}
