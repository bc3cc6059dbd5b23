package boltfile

import (
	"errors"
	"fmt"
	"os"
	"time"

	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// lockPatience is how long another process may hold the log.
const lockPatience = time.Second

// Open opens the log at path for writing, and makes it if it is not there. Every write is
// synced. The list of free pages is not written but found again by the next Open, which
// walks all pages: call Check first.
func Open(path string) (store *raftboltdb.BoltStore, err error) {
	err = CatchPanic(func() (err error) {
		store, err = raftboltdb.New(raftboltdb.Options{
			Path: path,
			BoltOptions: &bbolt.Options{
				Timeout:        lockPatience,
				NoFreelistSync: true,
				FreelistType:   bbolt.FreelistMapType,
			},
			MsgpackUseNewTimeFormat: true,
		})
		return openError(path, err)
	})
	return store, err
}

// OpenReadOnly checks the log at path and opens it. It changes nothing. The caller must be
// ready for a panic, see CatchPanic.
func OpenReadOnly(path string) (*raftboltdb.BoltStore, error) {
	if err := Check(path); err != nil {
		return nil, err
	}
	store, err := raftboltdb.New(raftboltdb.Options{Path: path, BoltOptions: &bbolt.Options{ReadOnly: true, Timeout: lockPatience}})
	return store, openError(path, err)
}

// CatchPanic turns a panic of f into an error: bbolt panics over some damaged files.
func CatchPanic(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = ErrorOf(r)
		}
	}()
	return f()
}

// ErrorOf is the error that a panic of bbolt's stands for.
func ErrorOf(panicked any) error {
	return fmt.Errorf("the log of this node is damaged: %v", panicked)
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return fmt.Errorf("the log %s is in use by another process: stop that one, or choose another --data-dir", path)
	case err != nil:
		return fmt.Errorf("the log %s cannot be opened: %w", path, err)
	}
	return nil
}

// Check refuses a file that was cut off, or whose pages make no tree: bbolt maps the file
// into memory, and a page that is not there would kill the process without a message. A
// file that is missing or empty is a new log.
func Check(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience})
	if err != nil {
		return openError(path, err)
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("the log %s is cut off: it has %d bytes of %d", path, info.Size(), tx.Size())
		}
		if err := checkTree(file, tx); err != nil {
			return fmt.Errorf("the log %s is damaged: %w", path, err)
		}
		return nil
	})
}
