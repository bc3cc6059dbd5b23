package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/statemachine"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestARecoveredNodeStarts whatever its log ends with.
func TestARecoveredNodeStarts(t *testing.T) {
	for _, last := range []raft.LogType{raft.LogCommand, raft.LogNoop, raft.LogBarrier, raft.LogConfiguration} {
		for _, snapshot := range []bool{false, true} {
			for _, journal := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v, snapshot %v, journal %v", last, snapshot, journal), func(t *testing.T) {
					t.Parallel()
					dir := makeFolder(t, folderPlan{snapshot: snapshot, journal: journal, last: last})
					recoverFolder(t, dir)
					leadsAlone(t, dir)
					leadsAlone(t, dir) // and again, on what it wrote
					recoverFolder(t, dir)
					leadsAlone(t, dir)
				})
			}
		}
	}
}

func recoverFolder(t *testing.T, dir string) {
	t.Helper()
	r, err := OpenRecovery(dir, quiet)
	testkit.Must(t, err)
	store, err := r.Run()
	testkit.Must(t, err)
	if r.LastIndex < 20 || r.LastTerm < 3 || store.ClusterID() != nameIt.ID {
		t.Errorf("it ends at entry %d of term %d and has %v", r.LastIndex, r.LastTerm, store.ClusterID())
	}
	testkit.Must(t, r.Close())
}

// leadsAlone starts Raft on a folder until it leads, with the state that it had.
func leadsAlone(t *testing.T, dir string) {
	t.Helper()
	f, err := openFolder(dir, quiet)
	testkit.Must(t, err)
	defer f.close()
	store := store.New()
	_, trans := raft.NewInmemTransport(raft.ServerAddress(f.id.ID.String() + ".invalid:1"))
	f.config.HeartbeatTimeout, f.config.ElectionTimeout, f.config.LeaderLeaseTimeout = 20*time.Millisecond, 20*time.Millisecond, 20*time.Millisecond
	r, err := startRaft(f.config, statemachine.New(store, func(err error) { t.Error(err) }), f.stores, trans)
	testkit.Must(t, err)
	defer func() { testkit.Must(t, r.Shutdown().Error()) }()
	testkit.Eventually(t, "no leader", func() bool { return r.State() == raft.Leader })
	testkit.Must(t, r.Barrier(10*time.Second).Error())
	if servers := r.GetConfiguration().Configuration().Servers; len(servers) != 1 || servers[0].ID != f.config.LocalID {
		t.Errorf("the members are %v", servers)
	}
	if store.ClusterID() != nameIt.ID {
		t.Error("the state is not what it was")
	}
}

// TestARecoveryThatFailsChangesNothing of what a later one, or a salvage, needs.
func TestARecoveryThatFailsChangesNothing(t *testing.T) {
	dir := makeFolder(t, folderPlan{snapshot: true})
	fail := io.ErrUnexpectedEOF
	r, err := OpenRecovery(dir, quiet)
	testkit.Must(t, err)
	sound := r.folder.stores.Log
	r.folder.stores.Log = brokenLog{sound, 17, fail}
	if _, err := r.Run(); err == nil || !strings.Contains(err.Error(), "quorumbeat salvage") {
		t.Errorf("with an entry that cannot be read: %v", err)
	}
	r.folder.stores.Log = sound
	testkit.Must(t, r.Close())
	recoverFolder(t, dir)
	leadsAlone(t, dir)
}

// TestARecoveryNeverGoesBack to an older snapshot when the newest is damaged.
func TestARecoveryNeverGoesBack(t *testing.T) {
	dir := makeFolder(t, folderPlan{snapshot: true})
	recoverFolder(t, dir) // now the log is empty, and there are two snapshots
	states, _ := filepath.Glob(filepath.Join(dir, "snapshots", "*", "state.bin"))
	if len(states) != 2 {
		t.Fatalf("snapshots: %v", states)
	}
	testkit.Must(t, os.Truncate(states[1], 30))
	r, err := OpenRecovery(dir, quiet)
	testkit.Must(t, err)
	defer r.Close()
	if _, err := r.Run(); err == nil || !strings.Contains(err.Error(), "ends at entry 10 of 20") {
		t.Errorf("got %v", err)
	}
}

// TestACrashWithinARecovery leaves the node as it was, or recovered.
func TestACrashWithinARecovery(t *testing.T) {
	plan := folderPlan{snapshot: true, journal: true, last: raft.LogNoop}
	for step, at := range []string{"before the snapshot has its name", "before the log is cleared"} {
		t.Run(at, func(t *testing.T) {
			dir := makeFolder(t, plan)
			var crashed string
			r, err := OpenRecovery(dir, quiet)
			testkit.Must(t, err)
			crash := func() { crashed = testkit.CopyFolder(t, dir) }
			if step == 0 {
				r.folder.stores.Log = crashingLog{r.folder.stores.Log, 20, crash, nil}
			} else {
				r.folder.stores.Log = crashingLog{r.folder.stores.Log, 0, nil, crash}
			}
			_, err = r.Run()
			testkit.Must(t, err)
			testkit.Must(t, r.Close())
			if step == 0 {
				recoverFolder(t, crashed)
			}
			leadsAlone(t, crashed)
		})
	}
}

// brokenLog has an entry that cannot be read.
type brokenLog struct {
	raft.LogStore
	at  uint64
	err error
}

func (b brokenLog) GetLog(i uint64, l *raft.Log) error {
	if i == b.at {
		return b.err
	}
	return b.LogStore.GetLog(i, l)
}

// crashingLog calls what happens when an entry is read, or when entries are deleted.
type crashingLog struct {
	raft.LogStore
	at     uint64
	read   func()
	delete func()
}

func (c crashingLog) GetLog(i uint64, l *raft.Log) error {
	if c.read != nil && i == c.at {
		c.read()
	}
	return c.LogStore.GetLog(i, l)
}

func (c crashingLog) DeleteRange(first, last uint64) error {
	if c.delete != nil {
		c.delete()
	}
	return c.LogStore.DeleteRange(first, last)
}
