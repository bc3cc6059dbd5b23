package cluster

import (
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/disk"
)

// diskLooked acts on the room that there is. A node whose disk is full takes no writes,
// and hands the leadership to one that has room. If the voters with room are no
// majority, nothing could be committed, and no node takes any: then the serving clock
// stands still.
func (n *Node) diskLooked(level disk.Level) {
	voters, full, alive := n.countFull()
	noMajority := voters > 0 && voters-full < voters/2+1
	n.full.Store(level >= disk.Full || noMajority)
	if closed := noMajority || alive > 0 && full >= alive; n.closed.Swap(closed) != closed {
		n.lead.RecheckClock()
	}
	if r := n.raft.Load(); level >= disk.Full && r != nil && r.State() == raft.Leader {
		n.handToRoom(r)
	}
}

// countFull counts the voters, those of them whose disks are full, and those that live.
func (n *Node) countFull() (voters, full, alive int) {
	r := n.raft.Load()
	if r == nil {
		return 0, 0, 0
	}
	levels := n.diskLevels()
	for _, s := range r.GetConfiguration().Configuration().Servers {
		if s.Suffrage != raft.Voter {
			continue
		}
		voters++
		level, lives := levels[string(s.ID)]
		if lives {
			alive++
		}
		if level >= disk.Full {
			full++
		}
	}
	return voters, full, alive
}

// handToRoom hands the leadership to a voter that lives and has room, if there is one.
func (n *Node) handToRoom(r *raft.Raft) {
	levels := n.diskLevels()
	for _, s := range r.GetConfiguration().Configuration().Servers {
		level, alive := levels[string(s.ID)]
		if s.Suffrage != raft.Voter || !alive || level >= disk.Full {
			continue
		}
		addr, err := n.ServerAddr(s.ID)
		if err != nil {
			continue
		}
		n.log.Warn("the disk of this leader is nearly full: handing the leadership to a node with room", "to", n.nameOf(s.ID))
		if err := r.LeadershipTransferToServer(s.ID, addr).Error(); err == nil {
			return
		}
	}
}

// diskLevels tells by ID how much room the disks of the living nodes have.
func (n *Node) diskLevels() map[string]disk.Level {
	levels := map[string]disk.Level{}
	for _, m := range n.gossip.Members() {
		levels[m.ID.String()] = m.Disk
	}
	levels[n.id.ID.String()] = n.disk.Level()
	return levels
}

// anyLow reports whether any node has too little room for bodies.
func (n *Node) anyLow() bool {
	if n.disk.Level() >= disk.Low {
		return true
	}
	for _, l := range n.diskLevels() {
		if l >= disk.Low {
			return true
		}
	}
	return false
}

// readyDisk is nil while the disks have room, else it says which has not.
func (n *Node) readyDisk() error {
	switch {
	case n.disk.Level() >= disk.Full:
		free, reserve := n.disk.Room()
		return fmt.Errorf("this node's disk is nearly full: %d bytes are free, %d are to be kept; make room", free, reserve)
	case n.full.Load():
		return fmt.Errorf("the disks of so many nodes are nearly full that no majority has room; make some")
	}
	return nil
}
