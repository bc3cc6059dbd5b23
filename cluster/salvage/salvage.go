package salvage

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"
	"github.com/quorumbeat/quorumbeat/cluster/statemachine"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Found tells what [Read] found in a data folder.
type Found struct {
	Snapshot uint64   // index of the snapshot that the state begins with; 0: none
	Index    uint64   // of the last entry that is in the state
	Guessed  int      // entries up to Index that were found, but not where the log keeps them
	Known    uint64   // the highest index that anything in the folder names
	Notes    []string // what could not be used, one sentence each
}

// Read reads the newest state that a data folder proves, whatever of it is missing
// or damaged, and changes nothing in it. It begins with the newest snapshot that is
// whole, and goes on with entries as long as none is missing and each has its checksum.
// The node must not run. The last entries may be some that no majority ever had: those
// are in the state too, for an acknowledged ping must not be lost.
func Read(dir string) (*store.Store, *Found, error) {
	unlock, err := lockForReading(dir)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	out := &Found{}
	store, prev := out.restoreNewest(dir)
	found := out.collect(dir)
	out.lookBeyond(found, out.applyFrom(store, found, prev))
	if out.Index == 1 && out.Snapshot == 0 {
		return nil, out, fmt.Errorf("nothing in %s proves any state: there is no whole snapshot, and no log that goes back to the beginning", dir)
	}
	return store, out, nil
}

// applyFrom applies what follows prev, up to the first hole, and returns the last entry.
func (s *Found) applyFrom(store *store.Store, found *foundEntries, prev *raft.Log) *raft.Log {
	for s.Index = prev.Index; ; s.Index = prev.Index {
		e, sure := found.next(prev)
		if e == nil {
			return prev
		}
		if err := applyAlone(store, e); err != nil {
			s.note("Entry %d cannot be applied: %v.", e.Index, err)
			return prev
		}
		if !sure {
			s.Guessed++
		}
		prev = e
	}
}

func (s *Found) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// lockForReading makes sure that no node runs on the folder, without making a file.
func lockForReading(dir string) (unlock func(), err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%w: there is no data folder %s", fsm.ErrConfig, dir)
	}
	f, err := os.Open(filepath.Join(dir, identity.LockName))
	if err != nil {
		return func() {}, nil //nolint:nilerr // a copy without the file is nobody's
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("the data folder %s is in use by another process: stop that one first", dir)
	}
	return func() { f.Close() }, nil
}

// restoreNewest restores the newest snapshot that is whole. It returns what its last
// entry was; with none, an empty store and entry 1.
func (s *Found) restoreNewest(dir string) (*store.Store, *raft.Log) {
	names, err := raftlog.SnapshotNames(dir)
	if err != nil {
		s.note("The snapshots cannot be listed: %v.", err)
	}
	slices.SortFunc(names, func(a, b raftlog.SnapshotName) int { return cmp.Compare(b.Index, a.Index) })
	state := store.New()
	for _, n := range names {
		s.Known = max(s.Known, n.Index)
		err := restoreFile(state, n)
		if err == nil {
			s.Snapshot = n.Index
			return state, &raft.Log{Index: n.Index, Term: n.Term}
		}
		s.note("The snapshot %s, which ends at entry %d, is damaged: %v.", filepath.Base(n.Dir), n.Index, err)
	}
	return store.New(), &raft.Log{Index: 1, Term: 1} // the first entry of any log tells who was there, and no more
}

// restoreFile restores a snapshot by its state alone, which has a checksum of its own;
// what it ends with is in the folder's name.
func restoreFile(store *store.Store, n raftlog.SnapshotName) (err error) {
	f, err := os.Open(filepath.Join(n.Dir, "state.bin"))
	if err != nil {
		return err
	}
	a := statemachine.New(store, func(error) {})
	if err := a.Restore(f); err != nil {
		return err
	}
	if index, _ := a.Progress(); index > n.Index {
		return fmt.Errorf("its first bytes tell entry %d", index)
	}
	return nil
}

// applyAlone applies an entry, if it is a command.
func applyAlone(store *store.Store, e *raft.Log) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a fault in the program: %v\n%s", r, debug.Stack())
		}
	}()
	if e.Type == raft.LogCommand {
		_, err = store.Apply(e.Data, e.Term)
	}
	return err
}

// lookBeyond tells what is there after the state's last entry.
func (s *Found) lookBeyond(found *foundEntries, last *raft.Log) {
	if n, first, end := found.beyond(last); n > 0 {
		s.Known = max(s.Known, end)
		s.note("Entry %d is missing or damaged, or nothing tells which of several it is. Behind it %d entries were found, from %d to %d: they cannot be used without it.",
			s.Index+1, n, first, end)
	}
	if s.Known = max(s.Known, s.Index); s.Index < s.Known {
		s.note("The node has had everything up to entry %d at least: what came after entry %d is missing.", s.Known, s.Index)
	}
}
