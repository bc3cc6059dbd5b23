package journal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"github.com/quorumbeat/quorumbeat/cluster/durable"
)

// halfSize is the size of each half of a new file, in bytes. A larger one makes for
// fewer and longer transactions. A file that is there tells its own sizes.
const halfSize = 2 << 20

// FileName is the journal's file in the data folder. A node that was stopped in
// good order has none.
const FileName = "journal"

// StoreKey is where the log behind names the journal that may hold entries of it: eight
// bytes, zero if none does.
var StoreKey = []byte("quorumbeat-journal")

// Store is the log that a journal stands in front of.
type Store interface {
	raft.LogStore
	raft.StableStore
}

// Open stores what a crash has left in the journal of the data folder dir, and begins a new
// journal. The journal itself uses watched, which is store's log perhaps wrapped, so that
// its hanging is noticed.
func Open(dir string, store Store, watched raft.LogStore) (*Journal, error) {
	return openFile(filepath.Join(dir, FileName), halfSize, store, watched)
}

func openFile(path string, half int, store Store, watched raft.LogStore) (*Journal, error) {
	id, err := IDOf(store)
	if err != nil {
		return nil, fmt.Errorf("the log of this node cannot be read: %w", err)
	}
	if id != 0 {
		if err := storeLeftovers(path, id, store); err != nil {
			return nil, err
		}
	}
	j, err := begin(path, half, store, watched)
	if err != nil {
		return nil, fmt.Errorf("the journal %s cannot be made: %w; check that the disk is sound and not full", path, err)
	}
	return j, nil
}

// begin makes an empty journal, and only then has the store name it.
func begin(path string, half int, store raft.StableStore, watched raft.LogStore) (*Journal, error) {
	if err := store.Set(StoreKey, make([]byte, 8)); err != nil { // what is there is worth nothing now
		return nil, err
	}
	var id [8]byte
	rand.Read(id[:])
	id[0] |= 1 // not zero
	h := head{id: binary.LittleEndian.Uint64(id[:]), block: blockSize, half: half}
	if err := os.WriteFile(path, h.newFile(), 0o600); err != nil {
		return nil, err
	}
	if err := errors.Join(durable.Sync(path), durable.Sync(filepath.Dir(path))); err != nil {
		return nil, err
	}
	f, err := openSynced(path)
	if err != nil {
		return nil, err
	}
	f.half, f.id = h.half, h.id
	j, err := newJournal(watched, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	err = j.append(0, nil) // so that one with nothing in it is known to be damaged
	if err == nil {
		err = store.Set(StoreKey, id[:])
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// Forget removes the journal of the data folder dir. Call it only after a Close that
// returned no error.
func Forget(dir string, store raft.StableStore) error {
	if err := store.Set(StoreKey, make([]byte, 8)); err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, FileName))
}

// IDOf returns the ID of the journal that may hold entries of a store, 0 if none does.
func IDOf(store raft.StableStore) (uint64, error) {
	b, err := store.Get(StoreKey)
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
