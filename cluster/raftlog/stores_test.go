package raftlog

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

func TestUnfinishedSnapshotsArePurged(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"1-2-3", "1-2-4.tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := purgeUnfinished(dir, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "1-2-3" {
		t.Errorf("left are %v", left)
	}
	if err := purgeUnfinished(filepath.Join(dir, "none"), slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("without a folder: %v", err)
	}
}

func TestALogThatIsNoLogIsRefusedWithWords(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "log.db")
	os.WriteFile(name, bytes.Repeat([]byte("no log "), 10_000), 0o600)
	_, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler), Snapshots: hclog.NewNullLogger(), Fatal: func(error) {}})
	if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "quorumbeat salvage") {
		t.Errorf("error %v", err)
	}
}
