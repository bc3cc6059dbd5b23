package cluster

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"
	"github.com/quorumbeat/quorumbeat/cluster/statemachine"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestRaftTimesAreSound(t *testing.T) {
	c := raftConfig("x", nil, slog.New(slog.DiscardHandler), Faults{})
	if err := raft.ValidateConfig(c); err != nil {
		t.Error(err)
	}
	if kept := (Faults{}).logOptions(slog.New(slog.DiscardHandler), nil).Limits.Entries; kept < c.SnapshotThreshold || c.TrailingLogs != 1 || c.PreVoteDisabled {
		t.Errorf("%d entries kept, threshold %d, Raft keeps %d, pre-vote off %v", kept, c.SnapshotThreshold, c.TrailingLogs, c.PreVoteDisabled)
	}
}

// diskNode starts and stops Raft alone on a folder, with nobody else.
type diskNode struct {
	dir   string
	store *store.Store
	fsm   *statemachine.Adapter
}

// run calls f with a raft that leads.
func (d *diskNode) run(t *testing.T, f func(*raft.Raft)) error {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	d.store = store.New()
	d.fsm = statemachine.New(d.store, func(err error) { t.Errorf("fatal: %v", err) })
	if err := boltfile.Check(filepath.Join(d.dir, raftlog.FileName)); err != nil {
		return err
	}
	stores, err := raftlog.Open(d.dir, Faults{}.logOptions(log, func(err error) { t.Logf("fatal: %v", err) }))
	if err != nil {
		return err
	}
	stores.EndWaits()
	defer stores.Close()
	_, trans := raft.NewInmemTransport("")
	cfg := raftConfig("alone", nil, log, Faults{})
	stores.Bounded.Limits.Entries = 1
	r, err := startRaft(cfg, d.fsm, stores, trans)
	if err != nil {
		return err
	}
	defer func() { r.Shutdown().Error() }()
	r.BootstrapCluster(raft.Configuration{Servers: []raft.Server{{ID: "alone", Address: trans.LocalAddr()}}})
	if f != nil {
		f(r)
	}
	return nil
}

// fill commits n entries and takes a snapshot, three times: then an older and a
// newer one are there, and the log begins after the older one.
func (d *diskNode) fill(t *testing.T, r *raft.Raft) {
	testkit.Eventually(t, "no leader", func() bool { return r.State() == raft.Leader })
	for range 3 {
		for range 10 {
			if err := r.Apply(entry(0, r.CurrentTerm(), nameIt).Data, 0).Error(); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Snapshot().Error(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedSnapshotIsRefusedWithWords(t *testing.T) {
	d := &diskNode{dir: t.TempDir()}
	if err := d.run(t, func(r *raft.Raft) { d.fill(t, r) }); err != nil {
		t.Fatal(err)
	}
	if err := d.run(t, nil); err != nil || d.store.ClusterID() != nameIt.ID {
		t.Fatalf("a sound folder: %v, cluster %v", err, d.store.ClusterID())
	}
	states, _ := filepath.Glob(filepath.Join(d.dir, "snapshots", "*", "state.bin"))
	if len(states) != 2 {
		t.Fatalf("%d snapshots, want 2", len(states))
	}
	newest := states[len(states)-1]
	whole, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(newest, testkit.Flip(whole, len(whole)/2), 0o600)
	if err := d.run(t, nil); err == nil || !strings.Contains(err.Error(), "snapshot is damaged") {
		t.Errorf("with a damaged newest snapshot: %v", err)
	}
	for _, s := range states {
		os.WriteFile(s, whole[:10], 0o600)
	}
	if err := d.run(t, nil); err == nil || !strings.Contains(err.Error(), "cannot be restored") {
		t.Errorf("with no sound snapshot: %v", err)
	}
}

func TestRaftsLogIsForDebuggingUnlessTheDiskFails(t *testing.T) {
	var info, debug bytes.Buffer
	for out, level := range map[*bytes.Buffer]slog.Level{&info: slog.LevelInfo, &debug: slog.LevelDebug} {
		l := newHCLogger(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})), "raft")
		l.Info("entering leader state")
		l.Warn("heartbeat timeout reached, starting election")
		l.Error("failed to heartbeat to", "servers", hclog.Fmt("%d+%d", 1, 2))
		l.Error("failed to get log", "error", raft.ErrLogNotFound) // a snapshot has it
		l.Error("failed to take snapshot", "error", raft.ErrNothingNewToSnapshot)
		for range 3 {
			l.Error("failed to append to logs", "error", errors.New("input/output error"))
		}
		l.Named("x").StandardWriter(nil).Write([]byte("quiet\n"))
	}
	if got := info.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "see to its disk") || !strings.Contains(got, "input/output error") {
		t.Errorf("at info it says %s", got)
	}
	if got := debug.String(); !strings.Contains(got, "servers=1+2") || !strings.Contains(got, "quiet") {
		t.Errorf("at debug it says %s", got)
	}
}

func TestABitFlippedInTheLogIsRefusedWithWords(t *testing.T) {
	d := &diskNode{dir: t.TempDir()}
	marker := []byte("to be found")
	err := d.run(t, func(r *raft.Raft) {
		testkit.Eventually(t, "no leader", func() bool { return r.State() == raft.Leader })
		if err := r.ApplyLog(raft.Log{Data: entry(0, r.CurrentTerm(), nameIt).Data, Extensions: marker}, 0).Error(); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(d.dir, "log.db")
	raw, err := os.ReadFile(name)
	if err != nil || !bytes.Contains(raw, marker) {
		t.Fatalf("the log does not show its entries: %v", err)
	}
	os.WriteFile(name, bytes.ReplaceAll(raw, marker, []byte("to be fount")), 0o600)
	if err := d.run(t, nil); err == nil || !strings.Contains(err.Error(), "not what was written") {
		t.Errorf("with a flipped bit: %v", err)
	}
}

func TestALogThatIsCutOffIsRefusedWithWords(t *testing.T) {
	d := &diskNode{dir: t.TempDir()}
	if err := d.run(t, nil); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(d.dir, "log.db")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	if err := d.run(t, nil); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("with half of the log: %v", err)
	}
}

func TestANodePacesItsSnapshotsUntilItStops(t *testing.T) {
	n := newTrio(t, 1).nodes[0]
	if err := n.raft.Load().Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	if list, err := n.stores.Snapshots.List(); err != nil || len(list) != 1 {
		t.Errorf("snapshots %v, %v", list, err)
	}
	if err := n.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case <-n.fsm.Paced.Hurry:
	default:
		t.Error("a snapshot would rest while its node stops")
	}
}
