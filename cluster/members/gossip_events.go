package members

import (
	"fmt"
	"strings"

	"github.com/hashicorp/memberlist"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// The methods that memberlist calls, some of them under its lock: they only set
// flags and look at what they are given.

// NodeMeta implements memberlist.Delegate.
func (g *Gossip) NodeMeta(int) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.meta.encode()
}

func (g *Gossip) NotifyMsg([]byte)                {}
func (g *Gossip) GetBroadcasts(int, int) [][]byte { return nil }
func (g *Gossip) LocalState(bool) []byte          { return nil }
func (g *Gossip) MergeRemoteState([]byte, bool)   {}

// NotifyJoin implements memberlist.EventDelegate, with the two below. They keep a
// copy: memberlist goes on writing to its nodes.
func (g *Gossip) NotifyJoin(n *memberlist.Node)   { g.noteNode(n, true) }
func (g *Gossip) NotifyUpdate(n *memberlist.Node) { g.noteNode(n, true) }
func (g *Gossip) NotifyLeave(n *memberlist.Node)  { g.noteNode(n, false) }

func (g *Gossip) noteNode(n *memberlist.Node, alive bool) {
	id, err := fsm.ParseNodeID(n.Name)
	meta, ok := decodeMeta(n.Meta)
	if err == nil {
		g.mu.Lock()
		if alive && ok {
			g.alive[id] = Member{Meta: meta, ID: id, Gossip: n.Address()}
		} else {
			delete(g.alive, id)
		}
		g.mu.Unlock()
	}
	g.wakeAll()
}

func (g *Gossip) wakeAll() {
	g.changed.Wake()
	g.hearingChanged.Wake()
}

// NotifyMerge implements memberlist.MergeDelegate: nodes of another cluster are
// not let in.
func (g *Gossip) NotifyMerge(peers []*memberlist.Node) error {
	for _, p := range peers {
		if err := g.checkCluster(p); err != nil {
			return err
		}
	}
	return nil
}

// NotifyAlive implements memberlist.AliveDelegate.
func (g *Gossip) NotifyAlive(peer *memberlist.Node) error { return g.checkCluster(peer) }

// NotifyConflict implements memberlist.ConflictDelegate.
func (g *Gossip) NotifyConflict(existing, other *memberlist.Node) {
	g.troubles.Note("copies "+existing.Name, 0, fmt.Sprintf("two nodes run with copies of one data folder, at %s and at %s: stop one of them and give it an empty folder",
		existing.Address(), other.Address()))
}

func (g *Gossip) checkCluster(peer *memberlist.Node) error {
	meta, ok := decodeMeta(peer.Meta)
	if !ok {
		return nil // a node that has not told of itself yet
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	ours := g.meta.ClusterID
	if ours.IsZero() || meta.ClusterID.IsZero() || ours == meta.ClusterID {
		return nil
	}
	g.troubles.Note("foreign "+peer.Name, 0, fmt.Sprintf("node %s at %s is of another cluster (%s, this one is of %s) and was not let in: see to its --join, or to this node's",
		meta.Name, peer.Address(), meta.ClusterID, ours))
	return foreignError(meta, peer.Address(), ours)
}

const foreignWords = "belongs to another cluster"

func foreignError(meta Meta, addr string, ours fsm.NodeID) error {
	return fmt.Errorf("%w: node %q at %s %s (%s, this data folder is of %s)", errForeign, meta.Name, addr, foreignWords, meta.ClusterID, ours)
}

// foreignText recognises the error where memberlist has made it text.
func foreignText(err error) bool { return strings.Contains(err.Error(), foreignWords) }
