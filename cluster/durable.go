package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
)

// mkdirDurably makes a folder with those above it, so that a power cut leaves it. One
// that is there may have been made just before a crash, so its own name is synced too,
// if this user may do that.
func mkdirDurably(dir string, sync func(path string) error) error {
	dir = filepath.Clean(dir)
	made := []string{dir}
	for up := filepath.Dir(dir); up != made[len(made)-1]; up = filepath.Dir(up) {
		if _, err := os.Stat(up); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, up)
	}
	_, missing := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, d := range made {
		if err := sync(filepath.Dir(d)); err != nil && (missing != nil || !errors.Is(err, fs.ErrPermission)) {
			return err
		}
	}
	return nil
}

// syncPath has a file, or the names in a folder, on disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// durableSink is a snapshot whose files are found again after a power cut: Raft syncs
// them and the folder above theirs, but not their own.
type durableSink struct {
	raft.SnapshotSink
	dir  string
	sync func(path string) error
}

func (s durableSink) Close() error {
	if err := s.SnapshotSink.Close(); err != nil {
		return err
	}
	return s.sync(s.dir)
}
