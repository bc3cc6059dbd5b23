package raftlog

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openFolderOf makes files and folders that everybody may read.
func openFolderOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range append([]string{"."}, names...) {
		path := filepath.Join(dir, name)
		mode := fs.FileMode(0o777)
		if name != "." && strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
		} else if name != "." {
			mode = 0o666
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestADataFolderIsClosedToOthers(t *testing.T) {
	dir := openFolderOf(t, "node.json", "log.db", "addrs.json", "snapshots/", "snapshots/1-2-3/", "snapshots/1-2-3/state.bin")
	outside := filepath.Join(openFolderOf(t, "shared"), "shared")
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "to-it")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	if err := MakePrivate(link, slog.New(slog.NewTextHandler(&told, nil))); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if seen++; err == nil && e.Type()&fs.ModeSymlink == 0 && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil || seen != 8 {
		t.Errorf("%d seen, %v", seen, err)
	}
	if info, err := os.Stat(outside); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("what a link leads to has mode %v, %v", info.Mode(), err)
	}
	if !strings.Contains(told.String(), "files=7") {
		t.Errorf("told %q", told.String())
	}
	told.Reset()
	if err := MakePrivate(dir, slog.New(slog.NewTextHandler(&told, nil))); err != nil || told.Len() > 0 {
		t.Errorf("the second time: %v, %q", err, told.String())
	}
}

func TestAFolderThatIsNoNodesIsNotTaken(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	dir := openFolderOf(t, "lock", "thesis.txt")
	if err := MakePrivate(dir, log); err == nil || !strings.Contains(err.Error(), "thesis.txt") || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("%v", err)
	}
	for _, name := range []string{".", "thesis.txt"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode()&othersMay == 0 {
			t.Errorf("%s was changed: %v %v", name, info.Mode(), err)
		}
	}
	for _, dir := range []string{openFolderOf(t), openFolderOf(t, "lost+found/"), filepath.Join(t.TempDir(), "none"), filepath.Join(dir, "thesis.txt")} {
		if err := MakePrivate(dir, log); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
