package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestNewFoldersSurviveAPowerCut: the folder above each new one is synced.
func TestNewFoldersSurviveAPowerCut(t *testing.T) {
	base := t.TempDir()
	in := func(names ...string) string { return filepath.Join(append([]string{base}, names...)...) }
	for _, c := range []struct {
		name, dir string
		synced    []string
	}{
		{"two are new", in("a", "b"), []string{in("a"), base}},
		{"one is new", in("a", "c") + "/", []string{in("a")}},
		{"it may be new", in("a", "b"), []string{in("a")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var synced []string
			if err := mkdirAll(c.dir, func(path string) error { synced = append(synced, path); return nil }); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(c.dir); err != nil || !info.IsDir() || !slices.Equal(synced, c.synced) {
				t.Errorf("synced are %v, want %v; %v", synced, c.synced, err)
			}
		})
	}
	fail := func(err error) func(string) error { return func(string) error { return err } }
	if err := mkdirAll(in("a", "b"), fail(fs.ErrPermission)); err != nil {
		t.Errorf("below a folder that this user may not read: %v", err)
	}
	if err := mkdirAll(in("a", "b"), fail(errors.ErrUnsupported)); err == nil {
		t.Error("a sync that failed was not told")
	}
	if err := mkdirAll(in("d"), fail(fs.ErrPermission)); err == nil {
		t.Error("a new folder that was not synced was not told")
	}
}
