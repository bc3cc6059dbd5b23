package cluster

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
)

const (
	snapshotThreshold = 16_384    // entries between snapshots
	snapshotBytes     = 128 << 20 // or bytes of them
	trailingLogs      = 16_384    // entries kept behind one; not below the threshold, so that a follower need not be sent whole images
	trailingBytes     = 64 << 20  // of them at most
	snapshotsRetained = 2
	recentBytes       = 8 << 20 // of the newest entries in memory
	maxAppend         = 128     // entries in one message: 32 MiB at most (see maxBatchBytes), which a slow link carries within the timeout
	raftRPCTimeout    = 3 * time.Second
	commitTimeout     = 150 * time.Millisecond // until a quiet follower hears what is committed; a read does not wait for it, see pipeline
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

// logFile is the log in the data folder, with Raft's votes.
const logFile = "log.db"

// raftStores are what Raft keeps on this node's disk.
type raftStores struct {
	dir       string
	log       *slog.Logger
	bolt      *raftboltdb.BoltStore
	home      *watchdog        // its log, watched
	journal   *journal.Journal // in front of it
	dog       *watchdog
	eager     *eagerLog     // the watched log
	bounded   *boundedLog   // the same, bounded
	logs      raft.LogStore // that
	votes     raft.StableStore
	snapshots *snapshotStore
}

// openStores opens the log and the snapshots in the data folder dir.
func openStores(dir string, log *slog.Logger, fatal func(error), faults Faults) (*raftStores, error) {
	if err := purgeUnfinished(filepath.Join(dir, "snapshots"), log); err != nil {
		return nil, err
	}
	snapshots, err := newSnapshotStore(dir, newHCLogger(log, "snapshots"))
	if err != nil {
		return nil, fmt.Errorf("snapshots cannot be kept in %s: %w; make it writable for this user", dir, err)
	}
	bolt, err := boltfile.Open(filepath.Join(dir, logFile))
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, keepAdvice)
	}
	s := &raftStores{dir: dir, log: log, bolt: bolt, home: newWatchdog(bolt, hangLimit, fatal), snapshots: snapshots}
	err = boltfile.CatchPanic(func() (err error) {
		s.journal, err = journal.Open(dir, bolt, s.home)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w; %s", err, keepAdvice), bolt.Close())
	}
	s.dog = newWatchdog(faultyLog{sealedLog{s.journal}, faults}, hangLimit, fatal)
	if s.eager, err = newEagerLog(s.dog); err != nil {
		return nil, errors.Join(fmt.Errorf("the log of this node cannot be read: %w; %s", err, keepAdvice), s.journal.Close(), bolt.Close())
	}
	if err := s.bound(faults); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.votes = watchedVotes{faultyVotes{bolt, faults}, s.dog}
	return s, nil
}

// bound puts what bounds the log in front of it.
func (s *raftStores) bound(faults Faults) error {
	list, err := s.snapshots.List()
	if err != nil {
		return fmt.Errorf("the snapshots of this node cannot be listed: %w; %s", err, keepAdvice)
	}
	snapped := uint64(0)
	if len(list) > 0 {
		snapped = list[0].Index
	}
	return boltfile.CatchPanic(func() (err error) {
		s.bounded, err = newBoundedLog(s.eager, s.journal.GetLog, snapped, faults.logLimits())
		s.logs = s.bounded
		return err
	})
}

// keepRoom has log and snapshots leave room on the disk.
func (s *raftStores) keepRoom(g *diskGuard) {
	s.bounded.LogStore = &reservedLog{LogStore: s.bounded.LogStore, guard: g}
	s.snapshots.admits = g.admits
}

// purgeUnfinished removes snapshots that a crash left half written: nothing else ever would.
func purgeUnfinished(dir string, log *slog.Logger) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the snapshots cannot be listed: %w; make the data folder readable for this user", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".tmp") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("the unfinished snapshot %s cannot be removed: %w", e.Name(), err)
		}
		log.Info("removed a snapshot that a crash had left unfinished", "snapshot", e.Name())
	}
	return nil
}

// startRaft restores what is on disk and starts Raft.
func startRaft(cfg *raft.Config, a *fsmAdapter, s *raftStores, trans raft.Transport) (r *raft.Raft, err error) {
	defer func() {
		if p := recover(); p != nil { // Raft panics when an entry is missing
			err = s.checkWhole()
			if err == nil {
				err = fmt.Errorf("the log of this node is damaged: %v; %s", p, keepAdvice)
			}
		}
	}()
	last, err := s.logs.LastIndex()
	if err != nil {
		return nil, fmt.Errorf("the log of this node cannot be read: %w; %s", err, keepAdvice)
	}
	a.replayTo(last)
	a.mendFrom(past{s.logs, s.snapshots, s.log})
	r, err = raft.NewRaft(cfg, a, s.logs, s.votes, s.snapshots, trans)
	if err != nil {
		return nil, fmt.Errorf("this node's state cannot be restored: %w; %s", err, keepAdvice)
	}
	if err := s.checkWhole(); err != nil {
		return nil, errors.Join(err, r.Shutdown().Error())
	}
	return r, nil
}

// checkWhole makes sure that the restored snapshot and the log together hold
// everything this node ever acknowledged. Raft falls back to an older snapshot
// when the newest is damaged, and then there may be a hole behind it.
func (s *raftStores) checkWhole() error {
	first, err1 := s.logs.FirstIndex()
	last, err2 := s.logs.LastIndex()
	list, err3 := s.snapshots.List()
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("the state of this node cannot be read: %w; %s", err, keepAdvice)
	}
	restored := s.snapshots.opened.Load() // not what was applied last: a snapshot may end with an entry that is no command
	switch {
	case len(list) == 0 && first > 1:
		return fmt.Errorf("this node's log begins at entry %d, and the snapshot that ends before it is missing; %s", first, keepAdvice)
	case len(list) == 0 || restored == list[0].Index:
		return nil
	case first == 0 || first > restored+1 || last < list[0].Index:
		return fmt.Errorf("this node's newest snapshot is damaged, and the log does not reach back to the older one that ends at entry %d; %s",
			restored, keepAdvice)
	}
	return nil
}

// close ends the log store. Raft must have stopped.
func (s *raftStores) close() error {
	s.dog.close()
	s.home.close()
	s.eager.Close()
	err := s.journal.Close()
	if err == nil {
		err = journal.Forget(s.dir, s.bolt)
	}
	return errors.Join(err, s.bolt.Close())
}
