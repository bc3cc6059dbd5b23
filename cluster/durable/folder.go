package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// MkdirAll makes a folder of mode 0700 with those above it. If the folder is there already,
// it may have been made just before a crash, so its own name is synced too, if this user
// may do that.
func MkdirAll(dir string) error { return mkdirAll(dir, Sync) }

func mkdirAll(dir string, sync func(path string) error) error {
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

// Sync writes a file's content to disk, or the names in a folder.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
