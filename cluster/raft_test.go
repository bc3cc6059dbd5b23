package cluster

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
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

func TestRaftTimesAreSound(t *testing.T) {
	c := raftConfig("x", nil, slog.New(slog.DiscardHandler), Faults{})
	if err := raft.ValidateConfig(c); err != nil {
		t.Error(err)
	}
	if kept := (Faults{}).logLimits().entries; kept < c.SnapshotThreshold || c.TrailingLogs != 1 || c.PreVoteDisabled {
		t.Errorf("%d entries kept, threshold %d, Raft keeps %d, pre-vote off %v", kept, c.SnapshotThreshold, c.TrailingLogs, c.PreVoteDisabled)
	}
}

// diskNode starts and stops Raft alone on a folder, with nobody else.
type diskNode struct {
	dir   string
	store *store.Store
	fsm   *fsmAdapter
}

// run calls f with a raft that leads.
func (d *diskNode) run(t *testing.T, f func(*raft.Raft)) error {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	d.store = store.New()
	d.fsm = newFSMAdapter(d.store, func(err error) { t.Errorf("fatal: %v", err) })
	if err := boltfile.Check(filepath.Join(d.dir, logFile)); err != nil {
		return err
	}
	stores, err := openStores(d.dir, log, func(err error) { t.Logf("fatal: %v", err) }, Faults{})
	if err != nil {
		return err
	}
	stores.dog.close()
	defer stores.close()
	_, trans := raft.NewInmemTransport("")
	cfg := raftConfig("alone", nil, log, Faults{})
	stores.bounded.limits.entries = 1
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
	os.WriteFile(newest, flip(whole, len(whole)/2), 0o600)
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

func TestALogThatIsNoLogIsRefusedWithWords(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "log.db")
	os.WriteFile(name, bytes.Repeat([]byte("no log "), 10_000), 0o600)
	_, err := openStores(dir, slog.New(slog.DiscardHandler), func(error) {}, Faults{})
	if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "quorumbeat salvage") {
		t.Errorf("error %v", err)
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
