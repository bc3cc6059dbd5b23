package raftlog

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
)

// othersMay are the permissions of a file for those who do not own it.
const othersMay = fs.FileMode(0o077)

// MakePrivate takes away what permissions others have on a data folder: its files hold
// the tokens of pings. A folder that is not there yet is made private by its maker.
func MakePrivate(dir string, log *slog.Logger) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil
	}
	if err != nil {
		return notPrivate(dir, err)
	}
	if info.Mode()&othersMay != 0 {
		if err := checkOwn(dir, info.Mode()); err != nil {
			return err
		}
	}
	changed, err := closeAll(dir)
	if err != nil {
		return notPrivate(dir, err)
	}
	if changed > 0 {
		log.Info("took from other users what permissions they had on the data folder", "folder", dir, "files", changed)
	}
	return nil
}

// closeAll mends a folder and everything in it.
func closeAll(dir string) (changed int, err error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return 0, err
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) && path != root {
			return nil // a folder of somebody else's, as lost+found is
		}
		if err != nil {
			return err
		}
		did, err := closeToOthers(path, e)
		if did {
			changed++
		}
		return err
	})
	return changed, err
}

// checkOwn makes sure that a folder which is open to others is a node's, or empty:
// /tmp as a data folder is a mistake, and must not be taken from its users.
func checkOwn(dir string, mode fs.FileMode) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return notPrivate(dir, err)
	}
	foreign := ""
	for _, e := range entries {
		switch e.Name() {
		case identity.FileName, "log.db", "snapshots":
			return nil
		case journal.FileName, identity.LockName, "addrs.json", "lost+found":
		default:
			foreign = e.Name()
		}
	}
	if foreign != "" {
		return fmt.Errorf("%s is open to other users (mode %04o) and holds files that are no node's, such as %s: choose a folder for this node alone with --data-dir",
			dir, mode.Perm(), foreign)
	}
	return nil
}

// closeToOthers mends one file or folder; whatever a link leads to is not touched.
func closeToOthers(path string, e fs.DirEntry) (changed bool, err error) {
	if !e.IsDir() && !e.Type().IsRegular() {
		return false, nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // removed meanwhile
	}
	if err != nil || info.Mode()&othersMay == 0 {
		return false, err
	}
	return true, os.Chmod(path, info.Mode()&^othersMay)
}

func notPrivate(dir string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) && errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("%s belongs to another user and is open to others: make the data folder this user's (chown -R %d %s), then start again",
			at.Path, os.Geteuid(), dir)
	}
	return fmt.Errorf("the data folder %s cannot be used: %w; choose another with --data-dir, or mend its permissions (chmod 700)", dir, err)
}
