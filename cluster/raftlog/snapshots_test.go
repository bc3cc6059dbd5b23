package raftlog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// openTestSnapshots returns a store of snapshots, and what writes them gently but
// without rests.
func openTestSnapshots(t *testing.T) (*SnapshotStore, *PacedWriter) {
	s, err := newSnapshotStore(t.TempDir(), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	hurry := make(chan struct{})
	close(hurry)
	return s, &PacedWriter{Store: s, Hurry: hurry}
}

func takeSnapshot(t *testing.T, g *PacedWriter, index uint64, state []byte) error {
	t.Helper()
	sink, err := g.Store.Create(1, index, 1, raft.Configuration{}, 1, offlineTransport())
	if err != nil {
		t.Fatal(err)
	}
	err = g.Persist(sink, func(w io.Writer) error {
		_, err := io.Copy(struct{ io.Writer }{w}, bytes.NewReader(state))
		return err
	})
	return errors.Join(err, sink.Cancel())
}

func TestASnapshotThatWasWrittenGentlyIsWhole(t *testing.T) {
	s, g := openTestSnapshots(t)
	state := bytes.Repeat([]byte("state"), portion/2)
	for i := range uint64(4) {
		if err := takeSnapshot(t, g, i+1, state); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List()
	if err != nil || len(list) != retained || list[0].Index != 4 || list[0].Size != int64(len(state)) {
		t.Fatalf("snapshots %v, %v", list, err)
	}
	_, r, err := s.Open(list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, state) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(state))
	}
	if s.readers.Load() != 1 {
		t.Errorf("%d readers, want 1", s.readers.Load())
	}
	if err := errors.Join(r.Close(), s.FileSnapshotStore.ReapSnapshots()); err != nil || s.readers.Load() != 0 {
		t.Errorf("%v; %d readers, want 0", err, s.readers.Load())
	}
	_ = r.Close()
	if _, _, err := s.Open("none"); err == nil || s.readers.Load() != 0 {
		t.Errorf("opening nothing: %v; %d readers, want 0", err, s.readers.Load())
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "*")); len(left) != retained {
		t.Errorf("in the folder are %v", left)
	}
}

// removal is a snapshot of a few steps that is held, and then removed.
func removal(t *testing.T, before func(s *SnapshotStore, file string)) (size int64, rests int) {
	s, _ := openTestSnapshots(t)
	file := s.StateFile("1-2-3")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 3*reapStep+1)); err != nil {
		t.Fatal(err)
	}
	seen, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	before(s, file)
	held := s.hold()
	if err := os.RemoveAll(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	var c paceClock
	s.letGo(held, c.pacer())
	info, err := seen.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size(), len(c.rests)
}

func TestARemovedSnapshotGoesInSteps(t *testing.T) {
	if !seesUnlinked {
		t.Skip("it goes at once here")
	}
	if size, rests := removal(t, func(*SnapshotStore, string) {}); size > reapStep || rests != 3 {
		t.Errorf("%d bytes are left after %d rests", size, rests)
	}
}

func TestASnapshotThatIsStillNeededIsNotTouched(t *testing.T) {
	const whole = 3*reapStep + 1
	t.Run("it has another name", func(t *testing.T) {
		size, _ := removal(t, func(_ *SnapshotStore, file string) {
			if err := os.Link(file, filepath.Join(t.TempDir(), "kept")); err != nil {
				t.Skip(err)
			}
		})
		if size != whole {
			t.Errorf("%d bytes are left of %d", size, whole)
		}
	})
	t.Run("somebody reads one", func(t *testing.T) {
		if size, _ := removal(t, func(s *SnapshotStore, _ string) { s.readers.Add(1) }); size != whole {
			t.Errorf("%d bytes are left of %d", size, whole)
		}
	})
	t.Run("it was not removed", func(t *testing.T) {
		s, g := openTestSnapshots(t)
		state := make([]byte, 2*reapStep)
		if err := takeSnapshot(t, g, 1, state); err != nil {
			t.Fatal(err)
		}
		if err := takeSnapshot(t, g, 2, state); err != nil {
			t.Fatal(err)
		}
		for _, f := range []uint64{2, 1} {
			list, _ := s.List()
			if _, r, err := s.Open(list[2-f].ID); err != nil {
				t.Errorf("snapshot %d: %v", f, err)
			} else {
				r.Close()
			}
		}
	})
}

func TestASnapshotThatFailsIsNotTaken(t *testing.T) {
	s, g := openTestSnapshots(t)
	if err := takeSnapshot(t, g, 1, []byte("state")); err != nil {
		t.Fatal(err)
	}
	sink, err := s.Create(1, 2, 1, raft.Configuration{}, 1, offlineTransport())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Persist(sink, func(io.Writer) error { return errNoDisk }); !errors.Is(err, errNoDisk) {
		t.Errorf("error %v", err)
	}
	if err := sink.Cancel(); err != nil {
		t.Error(err)
	}
	if list, err := s.List(); err != nil || len(list) != 1 || list[0].Index != 1 {
		t.Errorf("snapshots %v, %v", list, err)
	}
}

// TestASnapshotsOwnFolderIsSynced once it has its name, and an error is told.
func TestASnapshotsOwnFolderIsSynced(t *testing.T) {
	var synced string
	sink := durableSink{&raft.DiscardSnapshotSink{}, "folder", func(path string) error { synced = path; return errors.ErrUnsupported }}
	if err := sink.Close(); synced != "folder" || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("synced %q, %v", synced, err)
	}
	s, _ := openTestSnapshots(t)
	made, err := s.Create(1, 5, 1, raft.Configuration{}, 1, offlineTransport())
	testkit.Must(t, err)
	if d, ok := made.(durableSink); !ok || d.dir != filepath.Join(s.dir, made.ID()) {
		t.Errorf("the store makes %+v", made)
	}
	testkit.Must(t, made.Close())
}

// offlineTransport is one that Raft demands for encoding addresses, and never uses.
func offlineTransport() raft.Transport {
	_, t := raft.NewInmemTransport("")
	return t
}
