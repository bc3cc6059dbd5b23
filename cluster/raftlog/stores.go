package raftlog

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"github.com/quorumbeat/quorumbeat/cluster/disk"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
)

// KeepAdvice says how a node comes back that cannot start on its data folder. The
// folder may be the only copy, so no message tells anybody to delete it.
const KeepAdvice = "if the disk is sound and the other nodes have a majority without this one, move the data folder away (do not delete it) " +
	"and let the node join again with an empty one; if this is the only copy, 'quorumbeat salvage' saves what it holds"

// FileName is the log in the data folder, with Raft's votes.
const FileName = "log.db"

// Stores are what Raft keeps on this node's disk.
type Stores struct {
	dir       string
	Logger    *slog.Logger
	bolt      *raftboltdb.BoltStore
	home      *Watchdog        // its log, watched
	Journal   *journal.Journal // in front of it
	dog       *Watchdog
	Eager     *EagerLog     // the watched log
	Bounded   *BoundedLog   // the same, bounded
	Log       raft.LogStore // that: what Raft is given
	Votes     raft.StableStore
	Snapshots *SnapshotStore
}

// Options say how the stores are opened.
type Options struct {
	Log       *slog.Logger
	Snapshots hclog.Logger // Raft's, of its snapshots
	Fatal     func(error)  // told why the node must end; it must not block
	Limits    Limits
	Faults    Faults
}

// Open opens the log and the snapshots in the data folder dir.
func Open(dir string, o Options) (*Stores, error) {
	if err := purgeUnfinished(filepath.Join(dir, "snapshots"), o.Log); err != nil {
		return nil, err
	}
	snapshots, err := newSnapshotStore(dir, o.Snapshots)
	if err != nil {
		return nil, fmt.Errorf("snapshots cannot be kept in %s: %w; make it writable for this user", dir, err)
	}
	bolt, err := boltfile.Open(filepath.Join(dir, FileName))
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, KeepAdvice)
	}
	s := &Stores{dir: dir, Logger: o.Log, bolt: bolt, home: newWatchdog(bolt, hangLimit, o.Fatal), Snapshots: snapshots}
	err = boltfile.CatchPanic(func() (err error) {
		s.Journal, err = journal.Open(dir, bolt, s.home)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w; %s", err, KeepAdvice), bolt.Close())
	}
	s.dog = newWatchdog(o.Faults.log(Checksummed{s.Journal}), hangLimit, o.Fatal)
	if s.Eager, err = NewEagerLog(s.dog); err != nil {
		return nil, errors.Join(fmt.Errorf("the log of this node cannot be read: %w; %s", err, KeepAdvice), s.Journal.Close(), bolt.Close())
	}
	if err := s.bound(o.Limits); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.Votes = watchedVotes{o.Faults.votes(bolt), s.dog}
	return s, nil
}

// bound puts what bounds the log in front of it.
func (s *Stores) bound(limits Limits) error {
	list, err := s.Snapshots.List()
	if err != nil {
		return fmt.Errorf("the snapshots of this node cannot be listed: %w; %s", err, KeepAdvice)
	}
	snapped := uint64(0)
	if len(list) > 0 {
		snapped = list[0].Index
	}
	return boltfile.CatchPanic(func() (err error) {
		s.Bounded, err = newBoundedLog(s.Eager, s.Journal.GetLog, snapped, limits)
		s.Log = s.Bounded
		return err
	})
}

// KeepRoom has log and snapshots leave room on the disk.
func (s *Stores) KeepRoom(g *disk.Guard) {
	s.Bounded.LogStore = &reservedLog{LogStore: s.Bounded.LogStore, guard: g}
	s.Snapshots.admits = g.Admits
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

// CheckWhole makes sure that the restored snapshot and the log together hold
// everything this node ever acknowledged. Raft falls back to an older snapshot
// when the newest is damaged, and then there may be a hole behind it.
func (s *Stores) CheckWhole() error {
	first, err1 := s.Log.FirstIndex()
	last, err2 := s.Log.LastIndex()
	list, err3 := s.Snapshots.List()
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("the state of this node cannot be read: %w; %s", err, KeepAdvice)
	}
	restored := s.Snapshots.opened.Load() // not what was applied last: a snapshot may end with an entry that is no command
	switch {
	case len(list) == 0 && first > 1:
		return fmt.Errorf("this node's log begins at entry %d, and the snapshot that ends before it is missing; %s", first, KeepAdvice)
	case len(list) == 0 || restored == list[0].Index:
		return nil
	case first == 0 || first > restored+1 || last < list[0].Index:
		return fmt.Errorf("this node's newest snapshot is damaged, and the log does not reach back to the older one that ends at entry %d; %s",
			restored, KeepAdvice)
	}
	return nil
}

// EndWaits has a failed read return at once. While the node lives it waits a moment, so that
// the node's words come out before Raft panics.
func (s *Stores) EndWaits() {
	s.dog.close()
	s.home.close()
}

// Close ends the log store. Raft must have stopped.
func (s *Stores) Close() error {
	s.EndWaits()
	s.Eager.Close()
	err := s.Journal.Close()
	if err == nil {
		err = journal.Forget(s.dir, s.bolt)
	}
	return errors.Join(err, s.bolt.Close())
}
