package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/disk"

	"github.com/hashicorp/raft"
)

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
