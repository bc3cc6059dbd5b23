package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/disk"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog"
	"github.com/quorumbeat/quorumbeat/cluster/statemachine"

	"github.com/hashicorp/raft"
)

const (
	snapshotThreshold = 16_384    // entries between snapshots
	snapshotBytes     = 128 << 20 // or bytes of them
	trailingLogs      = 16_384    // entries kept behind one; not below the threshold, so that a follower need not be sent whole images
	trailingBytes     = 64 << 20  // of them at most
	recentBytes       = 8 << 20   // of the newest entries in memory
	maxAppend         = 128       // entries in one message: 32 MiB at most (see maxBatchBytes), which a slow link carries within the timeout
	raftRPCTimeout    = 3 * time.Second
	commitTimeout     = time.Second // to twice that, until Raft by itself tells a quiet follower what is committed; see RaftTransport.TellSoon
)

// raftConfig sets Raft's times so that a dead leader is replaced within about a
// second (see suspect), and two loaded cores do not make followers call elections
// for nothing.
func raftConfig(id raft.ServerID, notify chan<- bool, log *slog.Logger, faults Faults) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = id
	c.HeartbeatTimeout = 700 * time.Millisecond
	c.ElectionTimeout = 700 * time.Millisecond
	c.LeaderLeaseTimeout = 500 * time.Millisecond
	c.CommitTimeout = commitTimeout
	c.SnapshotThreshold = snapshotThreshold
	c.TrailingLogs = 1 // the log decides what stays, see boundedLog
	if faults.SnapshotEvery > 0 {
		c.SnapshotThreshold, c.SnapshotInterval = faults.SnapshotEvery, time.Second
	}
	c.MaxAppendEntries = maxAppend
	c.NotifyCh = notify
	c.NoLegacyTelemetry = true
	c.Logger = newHCLogger(log, "raft")
	return c
}

// startRaft restores what is on disk and starts Raft.
func startRaft(cfg *raft.Config, a *statemachine.Adapter, s *raftlog.Stores, trans raft.Transport) (r *raft.Raft, err error) {
	defer func() {
		if p := recover(); p != nil { // Raft panics when an entry is missing
			err = s.CheckWhole()
			if err == nil {
				err = fmt.Errorf("the log of this node is damaged: %v; %s", p, raftlog.KeepAdvice)
			}
		}
	}()
	last, err := s.Log.LastIndex()
	if err != nil {
		return nil, fmt.Errorf("the log of this node cannot be read: %w; %s", err, raftlog.KeepAdvice)
	}
	a.ReplayTo(last)
	a.RebuildFrom(statemachine.Past{Log: s.Log, Snapshots: s.Snapshots, Logger: s.Logger})
	r, err = raft.NewRaft(cfg, a, s.Log, s.Votes, s.Snapshots, trans)
	if err != nil {
		return nil, fmt.Errorf("this node's state cannot be restored: %w; %s", err, raftlog.KeepAdvice)
	}
	if err := s.CheckWhole(); err != nil {
		return nil, errors.Join(err, r.Shutdown().Error())
	}
	return r, nil
}

// What a node does when the log grows faster than snapshots are written, in times of
// what asks for one (see raftlog.BoundedLog).
const (
	urgentExcess = 2 // snapshots take no rests
	shedExcess   = 4 // and pings lose their bodies
)

// snapshotPause is the least time between two snapshots that the log's size asks for.
const snapshotPause = 200 * time.Millisecond

// snapshotBySize takes a snapshot whenever the log asks for one, until ctx ends. Raft
// itself looks at the number of entries only, every two to four minutes.
func (n *Node) snapshotBySize(ctx context.Context, r *raft.Raft) {
	for {
		select {
		case <-n.compaction:
		case <-ctx.Done():
			return
		}
		if n.stores.Bounded.Excess() > 0 && n.disk.Level() < disk.Full {
			n.log.Debug("the log is large: taking a snapshot")
			if err := r.Snapshot().Error(); err != nil && !errors.Is(err, raft.ErrNothingNewToSnapshot) && ctx.Err() == nil {
				n.log.Warn("no snapshot could be taken of a large log, trying again", "error", err)
			}
		}
		select {
		case <-time.After(snapshotPause):
		case <-ctx.Done():
			return
		}
	}
}
