package cluster

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"
	"github.com/quorumbeat/quorumbeat/cluster/statemachine"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// anyFolder is an inspection that refuses nothing.
func anyFolder(string, identity.Content) error { return nil }

var quiet = slog.New(slog.DiscardHandler)

// folderPlan says what a member's data folder holds when its node is killed.
type folderPlan struct {
	snapshot bool         // at entry 10, of 20
	journal  bool         // the newest ten entries are there and nowhere else
	last     raft.LogType // of entry 20
}

// makeFolder makes the data folder of a member of a cluster.
func makeFolder(t *testing.T, p folderPlan) string {
	t.Helper()
	live := filepath.Join(t.TempDir(), "live")
	f, err := openFolder(live, quiet)
	testkit.Must(t, err)
	testkit.Must(t, f.stores.Votes.SetUint64(raftlog.TermKey, 3))
	for i := uint64(1); i <= 20; i++ {
		testkit.Must(t, f.stores.Log.StoreLog(p.entry(i)))
		if i == 10 && p.snapshot {
			f.snapshotAt(t, i)
		}
		if i == 10 {
			testkit.Must(t, f.stores.Journal.Flush())
		}
	}
	testkit.Must(t, f.id.SetClusterID(fsm.NodeID{7}))
	if !p.journal {
		testkit.Must(t, f.close())
		return live
	}
	killed := filepath.Join(t.TempDir(), "killed")
	testkit.Must(t, os.CopyFS(killed, os.DirFS(live)))
	testkit.Must(t, f.close())
	return killed
}

// entry is the i-th of the log: the first node's configuration, a leader's first one,
// commands, and what the plan wants at the end.
func (p folderPlan) entry(i uint64) *raft.Log {
	e := *entry(i, 3, nameIt)
	switch {
	case i == 1:
		e.Type, e.Data = raft.LogConfiguration, raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "other", Address: "other"}}})
	case i == 2:
		e.Type, e.Data = raft.LogNoop, nil
	case i == 20 && p.last == raft.LogConfiguration:
		e.Type, e.Data = raft.LogConfiguration, raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "another", Address: "x"}}})
	case i == 20 && p.last != raft.LogCommand:
		e.Type, e.Data = p.last, nil
	}
	return &e
}

// snapshotAt takes a snapshot as Raft would.
func (f *folder) snapshotAt(t *testing.T, index uint64) {
	t.Helper()
	store := store.New()
	a := statemachine.New(store, func(err error) { t.Error(err) })
	for i := uint64(3); i <= index; i++ {
		a.Apply(entry(i, 3, nameIt))
	}
	sink, err := f.stores.Snapshots.Create(1, index, 3, f.alone(), 1, offlineTransport())
	testkit.Must(t, err)
	s, err := a.Snapshot()
	testkit.Must(t, err)
	testkit.Must(t, s.Persist(sink))
}

// freshLog replaces a log by one that was never used, with an owner if one is given.
func freshLog(t *testing.T, dir, owner string) {
	t.Helper()
	path := filepath.Join(dir, raftlog.FileName)
	_ = os.Remove(path)
	store, err := boltfile.Open(path)
	testkit.Must(t, err)
	if owner != "" {
		testkit.Must(t, store.Set(raftlog.OwnerKey, []byte(owner)))
	}
	testkit.Must(t, store.Close())
}

func ownerOf(t *testing.T, dir string) string {
	t.Helper()
	log, err := boltfile.OpenReadOnly(filepath.Join(dir, raftlog.FileName))
	testkit.Must(t, err)
	defer log.Close()
	owner, _ := log.Get(raftlog.OwnerKey) // an error: there is none
	return string(owner)
}

// TestAFolderWithoutItsLogIsRefused in every state of the rest of it, and nothing is
// changed by that.
func TestAFolderWithoutItsLogIsRefused(t *testing.T) {
	t.Parallel()
	losses := []struct {
		name string
		lose func(t *testing.T, dir string)
	}{
		{"missing", func(t *testing.T, dir string) { testkit.Must(t, os.Remove(filepath.Join(dir, raftlog.FileName))) }},
		{"an empty file", func(t *testing.T, dir string) { testkit.Must(t, os.Truncate(filepath.Join(dir, raftlog.FileName), 0)) }},
		{"cut off", func(t *testing.T, dir string) { testkit.CutFile(t, filepath.Join(dir, raftlog.FileName), 2) }},
		{"cut off within its first pages", func(t *testing.T, dir string) {
			testkit.Must(t, os.Truncate(filepath.Join(dir, raftlog.FileName), 5000))
		}},
		{"zeros", func(t *testing.T, dir string) {
			testkit.Must(t, os.WriteFile(filepath.Join(dir, raftlog.FileName), make([]byte, 65536), 0o600))
		}},
		{"fresh, without an owner", func(t *testing.T, dir string) { freshLog(t, dir, "") }},
		{"fresh, with its owner", func(t *testing.T, dir string) { freshLog(t, dir, ownerOf(t, dir)) }},
		{"another node's", func(t *testing.T, dir string) {
			other := makeFolder(t, folderPlan{})
			testkit.Must(t, os.Rename(filepath.Join(other, raftlog.FileName), filepath.Join(dir, raftlog.FileName)))
		}},
		{"without its votes", func(t *testing.T, dir string) { voteIn(t, dir, 0) }},
		{"with the votes of an earlier term", func(t *testing.T, dir string) { voteIn(t, dir, 2) }},
	}
	for _, snapshot := range []bool{false, true} {
		for _, journal := range []bool{false, true} {
			whole := makeFolder(t, folderPlan{snapshot: snapshot, journal: journal})
			if err := startFolder(t, testkit.CopyFolder(t, whole)); err != nil {
				t.Fatalf("nothing is wrong with it: %v", err)
			}
			for _, loss := range losses {
				t.Run(fmt.Sprintf("log %s, snapshot %v, journal %v", loss.name, snapshot, journal), func(t *testing.T) {
					dir := testkit.CopyFolder(t, whole)
					loss.lose(t, dir)
					refusedUnchanged(t, dir)
				})
			}
		}
	}
}

// TestALostJournalOrSnapshotIsRefused too, alone and with the identity's claim gone.
func TestALostJournalOrSnapshotIsRefused(t *testing.T) {
	whole := makeFolder(t, folderPlan{snapshot: true, journal: true})
	stopped := makeFolder(t, folderPlan{snapshot: true})
	for name, lose := range map[string]func(t *testing.T, dir string){
		"the journal is gone":    func(t *testing.T, dir string) { testkit.Must(t, os.Remove(filepath.Join(dir, journal.FileName))) },
		"the journal is cut off": func(t *testing.T, dir string) { testkit.CutFile(t, filepath.Join(dir, journal.FileName), 2) },
		"the log of an earlier stop beside a journal": func(t *testing.T, dir string) {
			forgetNewest(t, dir)
		},
		"only snapshots are left": func(t *testing.T, dir string) {
			testkit.Must(t, os.Remove(filepath.Join(dir, raftlog.FileName)))
			testkit.Must(t, os.Remove(filepath.Join(dir, journal.FileName)))
		},
		"only the journal is left": func(t *testing.T, dir string) {
			testkit.Must(t, os.Remove(filepath.Join(dir, raftlog.FileName)))
			testkit.Must(t, os.RemoveAll(filepath.Join(dir, "snapshots")))
		},
		"the identity is gone": func(t *testing.T, dir string) { testkit.Must(t, os.Remove(filepath.Join(dir, identity.FileName))) },
		"only the journal and no identity": func(t *testing.T, dir string) {
			testkit.Must(t, os.Remove(filepath.Join(dir, identity.FileName)))
			testkit.Must(t, os.Remove(filepath.Join(dir, raftlog.FileName)))
			testkit.Must(t, os.RemoveAll(filepath.Join(dir, "snapshots")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.CopyFolder(t, whole)
			lose(t, dir)
			refusedUnchanged(t, dir)
		})
	}
	t.Run("the snapshot is gone and the log begins behind it", func(t *testing.T) {
		dir := testkit.CopyFolder(t, stopped)
		testkit.Must(t, os.RemoveAll(filepath.Join(dir, "snapshots")))
		store, err := boltfile.Open(filepath.Join(dir, raftlog.FileName))
		testkit.Must(t, err)
		testkit.Must(t, store.DeleteRange(1, 8))
		testkit.Must(t, store.Close())
		refusedUnchanged(t, dir)
	})
}

// TestAFreshFolderIsNotRefused at any step of its first start.
func TestAFreshFolderIsNotRefused(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []func(){
		func() {}, // an empty folder
		func() { // the identity is there
			id, err := openIdentity(dir, anyFolder)
			testkit.Must(t, err)
			testkit.Must(t, id.Close())
		},
		func() { testkit.Must(t, os.WriteFile(filepath.Join(dir, raftlog.FileName), nil, 0o600)) },
		func() { freshLog(t, dir, "") },
	} {
		step()
		if err := startFolder(t, testkit.CopyFolder(t, dir)); err != nil {
			t.Error(err)
		}
	}
}

func refusedUnchanged(t *testing.T, dir string) {
	t.Helper()
	before := testkit.HashFolder(t, dir)
	err := startFolder(t, dir)
	if err == nil {
		t.Fatal("it started")
	}
	if words := err.Error(); !strings.Contains(words, "quorumbeat salvage") || !strings.Contains(words, "nothing") || !strings.Contains(words, "do not delete") {
		t.Errorf("words: %v", err)
	}
	if after := testkit.HashFolder(t, dir); after != before {
		t.Errorf("the folder was changed by a refusal (%v):\n%s\nwas\n%s", err, after, before)
	}
}

// startFolder starts what a node starts on its folder.
func startFolder(t *testing.T, dir string) error {
	t.Helper()
	f, err := openFolder(dir, quiet)
	if err != nil {
		return err
	}
	defer f.close()
	r, err := startRaft(f.config, statemachine.New(store.New(), func(err error) { t.Error(err) }), f.stores, offlineTransport())
	if err != nil {
		return err
	}
	return r.Shutdown().Error()
}

func voteIn(t *testing.T, dir string, term uint64) {
	t.Helper()
	store, err := boltfile.Open(filepath.Join(dir, raftlog.FileName))
	testkit.Must(t, err)
	testkit.Must(t, store.SetUint64(raftlog.TermKey, term))
	testkit.Must(t, store.Close())
}

// forgetNewest sets a log back to a stop before the journal that is there.
func forgetNewest(t *testing.T, dir string) {
	t.Helper()
	store, err := boltfile.Open(filepath.Join(dir, raftlog.FileName))
	testkit.Must(t, err)
	testkit.Must(t, store.Set(journal.StoreKey, make([]byte, 8)))
	testkit.Must(t, store.Close())
}
