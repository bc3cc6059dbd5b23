package cluster

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// journalHalf is the size of each half of a new file, in bytes. A larger one makes for
// fewer and longer transactions at home. A file that is there tells its own sizes.
const journalHalf = 2 << 20

// journalName is the journal's file in the data folder. A node that was stopped in
// good order has none.
const journalName = "journal"

// journalKey is where the home names the journal that may hold entries of it: eight
// bytes, zero if none does.
var journalKey = []byte("quorumbeat-journal")

// journalFile is a file of a head and two halves, all of it written once, so that a
// write of entries changes nothing else.
type journalFile struct {
	*os.File
	id   uint64
	half int  // bytes
	sync bool // writes are not durable by themselves
}

func (f *journalFile) write(rec []byte, half, at int) error {
	if _, err := f.WriteAt(rec, int64(journalBlock+half*f.half+at)); err != nil {
		return err
	}
	if f.sync {
		return f.Sync()
	}
	return nil
}

// journalHome is the log that a journal belongs to.
type journalHome interface {
	raft.LogStore
	raft.StableStore
}

// openJournal brings what a crash has left in the journal of dir home, and begins a
// new one. watched is home's log, and used from then on.
func openJournal(dir string, home journalHome, watched raft.LogStore) (*journal, error) {
	return openJournalOf(filepath.Join(dir, journalName), journalHalf, home, watched)
}

func openJournalOf(path string, half int, home journalHome, watched raft.LogStore) (*journal, error) {
	id, err := journalOf(home)
	if err != nil {
		return nil, fmt.Errorf("the log of this node cannot be read: %w", err)
	}
	if id != 0 {
		if err := bringHome(path, id, home); err != nil {
			return nil, err
		}
	}
	j, err := beginJournal(path, half, home, watched)
	if err != nil {
		return nil, fmt.Errorf("the journal %s cannot be made: %w; check that the disk is sound and not full", path, err)
	}
	return j, nil
}

// beginJournal makes an empty journal, and only then has home name it.
func beginJournal(path string, half int, home raft.StableStore, watched raft.LogStore) (*journal, error) {
	if err := home.Set(journalKey, make([]byte, 8)); err != nil { // what is there is worth nothing now
		return nil, err
	}
	var id [8]byte
	rand.Read(id[:])
	id[0] |= 1 // not zero
	head := journalHead{id: binary.LittleEndian.Uint64(id[:]), block: journalBlock, half: half}
	if err := os.WriteFile(path, head.newFile(), 0o600); err != nil {
		return nil, err
	}
	if err := errors.Join(syncPath(path), syncPath(filepath.Dir(path))); err != nil {
		return nil, err
	}
	f, err := openDurable(path)
	if err != nil {
		return nil, err
	}
	f.half, f.id = head.half, head.id
	j := newJournal(watched, f)
	err = j.append(0, nil) // so that one with nothing in it is known to be damaged
	if err == nil {
		err = home.Set(journalKey, id[:])
	}
	if err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

// forgetJournal removes the journal once everything is at home.
func forgetJournal(dir string, home raft.StableStore) error {
	if err := home.Set(journalKey, make([]byte, 8)); err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, journalName))
}

func journalOf(home raft.StableStore) (uint64, error) {
	b, err := home.Get(journalKey)
	switch {
	case errors.Is(err, raftboltdb.ErrKeyNotFound):
		return 0, nil
	case err == nil && len(b) != 8:
		return 0, errors.New("the name of its journal is damaged")
	case err != nil:
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}
