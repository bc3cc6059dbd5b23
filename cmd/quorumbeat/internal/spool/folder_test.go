package spool

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// keep keeps a run that ended with status 7.
func keep(t *testing.T, s *Folder) {
	t.Helper()
	e := Entry{URL: "http://127.0.0.1:1", Token: "a-token", RunID: heartbeat.NewRunID(), Signals: []Signal{{Signal: "7", At: time.Now(), Key: heartbeat.NewKey()}}}
	if _, err := s.Add(e); err != nil {
		t.Fatal(err)
	}
}

func TestTheSpoolIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const most = 20
	for i := range most {
		name := fmt.Sprintf("%019d-x%s", i, entrySuffix)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep(t, &Folder{Dir: dir, most: most})
	all, _, err := list(dir)
	if err != nil || len(all) != most || !strings.HasPrefix(filepath.Base(all[0].path), "0000000000000000001-") {
		t.Errorf("%d entries, the oldest is %s, %v", len(all), all[0].path, err)
	}
	if e, err := all[len(all)-1].readEntry(); err != nil || e.Signals[0].Signal != "7" {
		t.Errorf("the newest is %+v, %v", e, err)
	}
	big := t.TempDir()
	for i := range 4 { // holes, not bytes
		name := filepath.Join(big, fmt.Sprintf("%019d-x%s", i, entrySuffix))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, maxBytes/4); err != nil {
			t.Fatal(err)
		}
	}
	keep(t, &Folder{Dir: big})
	if all, bytes, _ := list(big); len(all) != 4 || bytes > maxBytes {
		t.Errorf("%d entries of %d bytes", len(all), bytes)
	}
}

func TestTheSpoolsPlace(t *testing.T) {
	home, state := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_STATE_HOME", "")
	var s Folder
	if got := s.dirs()[0]; got != filepath.Join(home, ".local", "state", "quorumbeat", "spool") {
		t.Error(got)
	}
	t.Setenv("XDG_STATE_HOME", state)
	if got := s.dirs()[0]; got != filepath.Join(state, "quorumbeat", "spool") {
		t.Error(got)
	}
	t.Setenv("XDG_STATE_HOME", "/dev/null") // as bad as a home that is not there
	t.Setenv("TMPDIR", t.TempDir())
	keep(t, &Folder{Dir: ""})
	if all, _, err := list(s.dirs()[1]); err != nil || len(all) != 1 {
		t.Errorf("kept %+v, %v", all, err)
	}
}

func TestWhatAKilledWriterLeftIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, young := filepath.Join(dir, "old"+tmpSuffix), filepath.Join(dir, "young"+tmpSuffix)
	for _, f := range []string{old, young} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	keep(t, &Folder{Dir: dir})
	if _, err := os.Stat(old); err == nil {
		t.Error("the old one is there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("the young one is gone")
	}
}

// TestAnEntryOfTomorrow is not understood, and does not stop what comes after it.
func TestAnEntryOfTomorrow(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Entry{Version: entryVersion + 1, Token: "x", Signals: []Signal{{}}})
	if err != nil {
		t.Fatal(err)
	}
	k := keptFile{path: filepath.Join(t.TempDir(), "entry")}
	if err := os.WriteFile(k.path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := k.readEntry(); err == nil {
		t.Error("it is read")
	}
}
