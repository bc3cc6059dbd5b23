package statemachine

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// entry is a log entry with one command.
func entry(index, term uint64, cmd fsm.Command) *raft.Log {
	b := logentry.Batch{Term: term, Wall: 1_700_000_000_000, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, cmd)}}}
	return &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: logentry.Append(nil, &b)}
}

var nameIt = fsm.SetClusterID{ID: fsm.NodeID{42}}

// memorySink is a snapshot in memory.
type memorySink struct {
	bytes.Buffer
	closed, cancelled bool
}

func (s *memorySink) ID() string    { return "memory" }
func (s *memorySink) Close() error  { s.closed = true; return nil }
func (s *memorySink) Cancel() error { s.cancelled = true; return nil }

func newTestAdapter(t *testing.T) (*Adapter, *store.Store, chan error) {
	store, fatal := store.New(), make(chan error, 10)
	a := New(store, func(err error) { fatal <- err })
	a.AskTerm(func() uint64 { return 3 })
	return a, store, fatal
}

func TestAdapterAppliesAndAnswers(t *testing.T) {
	a, store, _ := newTestAdapter(t)
	res, ok := a.Apply(entry(7, 3, nameIt)).(*commit.BatchResult)
	if !ok || res.Term != 3 || len(res.Results) != 1 || res.Results[0].Code != fsm.CodeOK {
		t.Fatalf("answer %+v", res)
	}
	if store.ClusterID() != nameIt.ID {
		t.Error("the store was not changed")
	}
	if index, at := a.Progress(); index != 7 || at.IsZero() {
		t.Errorf("progress %d, %v", index, at)
	}
}

func TestAdapterStopsAtAnEntryItCannotRead(t *testing.T) {
	a, store, fatal := newTestAdapter(t)
	if res := a.Apply(&raft.Log{Index: 5, Term: 1, Data: []byte("\xffnonsense")}); res != nil {
		t.Errorf("answer %v, want none", res)
	}
	if err := <-fatal; !strings.Contains(err.Error(), "entry 5") {
		t.Errorf("the words %q do not name the entry", err)
	}
	a.Apply(entry(6, 1, nameIt))
	if !store.ClusterID().IsZero() {
		t.Error("it applied an entry after the one that it could not")
	}
	if _, err := a.Snapshot(); err == nil {
		t.Error("it gave a snapshot of a state that lacks an entry")
	}
	if index, _ := a.Progress(); index != 0 {
		t.Errorf("progress %d, want 0", index)
	}
}

func TestAdapterSnapshotCarriesItsIndex(t *testing.T) {
	a, _, _ := newTestAdapter(t)
	a.Apply(entry(7, 3, nameIt))
	snap, err := a.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var sink memorySink
	if err := snap.Persist(&sink); err != nil || !sink.closed || sink.cancelled {
		t.Fatalf("persist: %v, closed %v, cancelled %v", err, sink.closed, sink.cancelled)
	}
	image := sink.Bytes()

	b, store, _ := newTestAdapter(t)
	reached, giveUp := b.Reached(7)
	defer giveUp()
	if err := b.Restore(io.NopCloser(bytes.NewReader(image))); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(testkit.Patience):
		t.Error("a wait for the snapshot's index goes on")
	}
	if index, at := b.Progress(); index != 7 || !at.IsZero() || store.ClusterID() != nameIt.ID {
		t.Errorf("restored index %d, time %v, cluster %v", index, at, store.ClusterID())
	}
}

func TestAdapterRefusesADamagedSnapshot(t *testing.T) {
	a, _, _ := newTestAdapter(t)
	a.Apply(entry(7, 3, nameIt))
	snap, _ := a.Snapshot()
	var sink memorySink
	snap.Persist(&sink)
	whole := sink.Bytes()
	for name, damaged := range map[string][]byte{
		"empty":       nil,
		"cut short":   whole[:len(whole)-1],
		"head only":   whole[:len(Magic)+8],
		"wrong magic": append([]byte("X"), whole[1:]...),
		"flipped bit": testkit.Flip(whole, len(whole)/2),
	} {
		t.Run(name, func(t *testing.T) {
			b, store, _ := newTestAdapter(t)
			if err := b.Restore(io.NopCloser(bytes.NewReader(damaged))); err == nil {
				t.Error("it was taken")
			}
			if index, _ := b.Progress(); index != 0 || !store.ClusterID().IsZero() {
				t.Error("it left traces")
			}
		})
	}
}

func TestAdapterDoesNotTakeReplayForLife(t *testing.T) {
	a, _, _ := newTestAdapter(t)
	a.ReplayTo(7)
	a.Apply(entry(7, 3, nameIt))
	if _, at := a.Progress(); !at.IsZero() {
		t.Error("an entry of the old log counts as applied now")
	}
	a.Apply(entry(8, 2, nameIt))
	if _, at := a.Progress(); !at.IsZero() {
		t.Error("an entry of a leader that is gone counts as applied now")
	}
	a.Apply(entry(9, 3, nameIt))
	if _, at := a.Progress(); at.IsZero() {
		t.Error("a new entry does not count")
	}
}
