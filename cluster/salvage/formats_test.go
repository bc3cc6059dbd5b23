package salvage_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/cluster/salvage"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// TestAFolderOnDiskLoads reads the folder of a node that was killed, as it is on disks
// already: testdata/formats tells which revision wrote it.
func TestAFolderOnDiskLoads(t *testing.T) {
	t.Run("salvage reads it", func(t *testing.T) {
		s, found, err := salvage.Read(unpack(t, "folder-v1.tar.gz"))
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Notes) > 0 || found.Guessed > 0 {
			t.Errorf("not all of it: %+v", found)
		}
		asItWas(t, s)
	})
	t.Run("a recovery starts with it", func(t *testing.T) {
		r, err := cluster.OpenRecovery(unpack(t, "folder-v1.tar.gz"), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.Run()
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		asItWas(t, s)
	})
}

// asItWas finds the two heartbeats: one was pinged, the other one failed and recovered.
func asItWas(t *testing.T, s *store.Store) {
	t.Helper()
	totals := s.Totals()
	if totals.Active != 2 || totals.Failing != 0 || totals.Pings != 3 {
		t.Errorf("%+v", totals)
	}
	if got := s.Settings().MailTo; len(got) != 1 || got[0] != "you@example.com" {
		t.Errorf("mail goes to %q", got)
	}
}

// unpack makes a folder of an archive of testdata/formats.
func unpack(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "testdata", "formats", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, os.WriteFile(filepath.Join(dir, head.Name), text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
