package members

import (
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// caughtUp is how many entries a newcomer may lag and still get a vote.
const caughtUp = 100

// minAlive is how many living voters must remain after a dead one is removed
// without an operator: fewer could not lose another.
const minAlive = 3

// planInput is all that a leader's decision about the membership rests on.
type planInput struct {
	self      fsm.NodeID
	cluster   fsm.NodeID
	servers   []raft.Server
	members   []Member                 // alive, this node included
	names     map[fsm.NodeID]string    // as registered, of the dead too
	removed   func(fsm.NodeID) bool    //
	applied   map[fsm.NodeID]uint64    // of the non-voters that answered
	committed uint64                   //
	dead      map[fsm.NodeID]time.Time // since when a server is missed
	deadAfter time.Duration            // 0: never
	now       time.Time
}

type actionKind int

const (
	actNone    actionKind = iota
	actAdd                // let a node in, without a vote
	actPromote            // give it a vote
	actRemove             // take a server out
	actMove               // note its new address
)

// action is one change of the configuration; there is one at a time.
type action struct {
	kind actionKind
	id   fsm.NodeID
	addr string
	why  string
}

// plan returns the next change, actNone if all is well.
func plan(in planInput) action {
	alive := map[fsm.NodeID]Member{}
	for _, m := range in.members {
		alive[m.ID] = m
	}
	for _, step := range []func(planInput, map[fsm.NodeID]Member) action{planFinishRemoval, planMove, planAdd, planPromote, planRemoveDead} {
		if a := step(in, alive); a.kind != actNone {
			return a
		}
	}
	return action{}
}

// planFinishRemoval takes out a node whose removal a leader began before it was lost.
func planFinishRemoval(in planInput, alive map[fsm.NodeID]Member) action {
	for _, s := range in.servers {
		if id := serverID(s); in.removed(id) && id != in.self && (s.Suffrage != raft.Voter || canLose(in, alive, s)) {
			return action{actRemove, id, string(s.Address), "it was removed by an operator"}
		}
	}
	return action{}
}

// planMove notes that a server came back at another address.
func planMove(in planInput, alive map[fsm.NodeID]Member) action {
	for _, s := range in.servers {
		id := serverID(s)
		if m, ok := alive[id]; ok && m.Cluster != "" && m.Cluster != string(s.Address) && atAddress(in, m.Cluster, id) == nil {
			return action{actMove, id, m.Cluster, "it came back at another address"}
		}
	}
	return action{}
}

// planAdd lets a newcomer in. One at a dead server's address first replaces it:
// two servers may not share one.
func planAdd(in planInput, alive map[fsm.NodeID]Member) action {
	for _, m := range in.members {
		if m.Cluster == "" || in.removed(m.ID) || server(in, m.ID) != nil || (!m.ClusterID.IsZero() && m.ClusterID != in.cluster) {
			continue
		}
		old := atAddress(in, m.Cluster, m.ID)
		switch {
		case old == nil:
			return action{actAdd, m.ID, m.Cluster, "it joined"}
		case isAlive(alive, *old) || !canLose(in, alive, *old):
			continue
		}
		return action{actRemove, serverID(*old), string(old.Address), "a new node took its address"}
	}
	return action{}
}

// planPromote gives a newcomer that has caught up its vote, after removing a dead
// server of the same name.
func planPromote(in planInput, alive map[fsm.NodeID]Member) action {
	for _, s := range in.servers {
		id := serverID(s)
		m, ok := alive[id]
		at, known := in.applied[id]
		if s.Suffrage == raft.Voter || !ok || !known || at+caughtUp < in.committed {
			continue
		}
		for _, old := range in.servers {
			if serverID(old) != id && in.names[serverID(old)] == m.Name && !isAlive(alive, old) && canLose(in, alive, old) {
				return action{actRemove, serverID(old), string(old.Address), "a new node took its name"}
			}
		}
		return action{actPromote, id, m.Cluster, "it has caught up"}
	}
	return action{}
}

// planRemoveDead removes a voter that has been dead for long, if enough others live.
func planRemoveDead(in planInput, alive map[fsm.NodeID]Member) action {
	if in.deadAfter == 0 {
		return action{}
	}
	for _, s := range in.servers {
		since, missed := in.dead[serverID(s)]
		if !missed || isAlive(alive, s) || in.now.Sub(since) < in.deadAfter {
			continue
		}
		if canLose(in, alive, s) && livingVoters(in, alive) >= minAlive {
			return action{actRemove, serverID(s), string(s.Address), "it has been dead for longer than --dead-after"}
		}
	}
	return action{}
}

// canLose reports whether the living voters are a majority after a server is removed.
func canLose(in planInput, alive map[fsm.NodeID]Member, s raft.Server) bool {
	voters, living := without(in, alive, s)
	return living > voters/2
}

// without counts the other voters, and those of them that live.
func without(in planInput, alive map[fsm.NodeID]Member, s raft.Server) (voters, living int) {
	for _, v := range in.servers {
		if v.Suffrage != raft.Voter || v.ID == s.ID {
			continue
		}
		voters++
		if isAlive(alive, v) {
			living++
		}
	}
	return voters, living
}

func livingVoters(in planInput, alive map[fsm.NodeID]Member) (n int) {
	for _, s := range in.servers {
		if s.Suffrage == raft.Voter && isAlive(alive, s) {
			n++
		}
	}
	return n
}

func isAlive(alive map[fsm.NodeID]Member, s raft.Server) bool {
	_, ok := alive[serverID(s)]
	return ok
}

func server(in planInput, id fsm.NodeID) *raft.Server {
	for i := range in.servers {
		if serverID(in.servers[i]) == id {
			return &in.servers[i]
		}
	}
	return nil
}

// atAddress returns another server that the configuration has at an address.
func atAddress(in planInput, addr string, not fsm.NodeID) *raft.Server {
	for i := range in.servers {
		if string(in.servers[i].Address) == addr && serverID(in.servers[i]) != not {
			return &in.servers[i]
		}
	}
	return nil
}
