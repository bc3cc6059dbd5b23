package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/raft"
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
			must(t, mkdirDurably(c.dir, func(path string) error { synced = append(synced, path); return nil }))
			if info, err := os.Stat(c.dir); err != nil || !info.IsDir() || !slices.Equal(synced, c.synced) {
				t.Errorf("synced are %v, want %v; %v", synced, c.synced, err)
			}
		})
	}
	fail := func(err error) func(string) error { return func(string) error { return err } }
	if err := mkdirDurably(in("a", "b"), fail(fs.ErrPermission)); err != nil {
		t.Errorf("below a folder that this user may not read: %v", err)
	}
	if err := mkdirDurably(in("a", "b"), fail(errors.ErrUnsupported)); err == nil {
		t.Error("a sync that failed was not told")
	}
	if err := mkdirDurably(in("d"), fail(fs.ErrPermission)); err == nil {
		t.Error("a new folder that was not synced was not told")
	}
}

// TestASnapshotsOwnFolderIsSynced once it has its name, and an error is told.
func TestASnapshotsOwnFolderIsSynced(t *testing.T) {
	var synced string
	sink := durableSink{&memorySink{}, "folder", func(path string) error { synced = path; return errors.ErrUnsupported }}
	if err := sink.Close(); synced != "folder" || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("synced %q, %v", synced, err)
	}
	s, _ := openTestSnapshots(t)
	made, err := s.Create(1, 5, 1, raft.Configuration{}, 1, offlineTransport())
	must(t, err)
	if d, ok := made.(durableSink); !ok || d.dir != filepath.Join(s.dir, made.ID()) {
		t.Errorf("the store makes %+v", made)
	}
	must(t, made.Close())
}
