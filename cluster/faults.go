package cluster

import (
	"log/slog"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"
)

// Faults break a node from within, for tests of what it survives. The zero value
// breaks nothing, and a release has no way to set another: the program fills it
// only when built with the tag faults.
type Faults struct {
	Step func(point string)   // told when the node reaches one of the points below; may end the process
	Disk func() error         // called before each write of log, term and vote; may hang or fail
	Wall func() time.Duration // what the wall clock is off by; the monotonic one is not

	Held          int    // commands that may wait, in place of maxHeld
	SnapshotEvery uint64 // entries, in place of snapshotThreshold and trailingLogs
}

// logOptions are those of the log of a node that may be broken.
func (f Faults) logOptions(log *slog.Logger, fatal func(error)) raftlog.Options {
	o := raftlog.Options{
		Log: log, Snapshots: newHCLogger(log, "snapshots"), Fatal: fatal,
		Limits: raftlog.Limits{Snapshot: snapshotBytes, Keep: trailingBytes, Entries: trailingLogs, Recent: recentBytes},
		Faults: raftlog.Faults{Write: f.Disk},
	}
	if f.SnapshotEvery > 0 {
		o.Limits.Entries = f.SnapshotEvery
	}
	if f.Step != nil {
		o.Faults.Wrote = func() { f.Step(PointWritten) }
	}
	return o
}

// Points that a node passes with every batch.
const (
	PointWritten = "written" // an entry is on this node's disk, and nobody knows
	PointApplied = "applied" // an entry took effect here, and nobody knows
)

func (f Faults) wall() time.Duration {
	if f.Wall == nil {
		return 0
	}
	return f.Wall()
}
