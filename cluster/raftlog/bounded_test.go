package raftlog

import (
	"testing"

	"github.com/hashicorp/raft"
)

// newBounded returns a bounded log over one in memory, and a count of how often it
// asked for a snapshot.
func newBounded(t *testing.T, limits Limits) (*BoundedLog, *int) {
	t.Helper()
	b, err := newBoundedLog(raft.NewInmemStore(), nil, 0, limits)
	if err != nil {
		t.Fatal(err)
	}
	asked := new(int)
	b.Large = func() { *asked++ }
	return b, asked
}

// append stores n entries that take 1 kB each.
func (b *BoundedLog) append(t *testing.T, n int) {
	t.Helper()
	last, _ := b.LastIndex()
	for i := range uint64(n) {
		err := b.StoreLog(&raft.Log{Index: last + i + 1, Data: make([]byte, 1000-entryOverhead)})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// holds checks which entries there are, in the store as in the counts.
func (b *BoundedLog) holds(t *testing.T, first, last uint64) {
	t.Helper()
	gotFirst, _ := b.FirstIndex()
	gotLast, _ := b.LastIndex()
	if gotFirst != first || gotLast != last || uint64(len(b.entries)) != last-first+1 {
		t.Errorf("entries %d to %d, %d counted; want %d to %d", gotFirst, gotLast, len(b.entries), first, last)
	}
	for i := first; i <= last; i++ {
		var l raft.Log
		if err := b.GetLog(i, &l); err != nil || l.Index != i {
			t.Fatalf("entry %d: %v, %v", i, l.Index, err)
		}
	}
}

func TestTheLogIsBoundedByBytes(t *testing.T) {
	b, asked := newBounded(t, Limits{Snapshot: 50_000, Keep: 20_000, Entries: 1000, Recent: 5_000})
	b.append(t, 50)
	if *asked != 0 {
		t.Error("asks for a snapshot too early")
	}
	b.append(t, 10)
	if *asked != 10 || b.Excess() != 1 {
		t.Errorf("asked %d times for a snapshot of 60 kB, Excess %d", *asked, b.Excess())
	}
	if b.recent != 5_000 || b.entries[54].log != nil || b.entries[55].log == nil {
		t.Errorf("%d bytes in memory", b.recent)
	}
	// Raft has a snapshot up to entry 57.
	if err := b.DeleteRange(1, 57); err != nil {
		t.Fatal(err)
	}
	b.holds(t, 41, 60)
	if b.behind != 3_000 || b.recent != 5_000 {
		t.Errorf("%d bytes behind the snapshot, %d in memory", b.behind, b.recent)
	}
	b.append(t, 100)
	if err := b.DeleteRange(41, 70); err != nil { // a snapshot that took long
		t.Fatal(err)
	}
	b.holds(t, 71, 160)
	if b.behind != 90_000 {
		t.Errorf("%d bytes behind the snapshot", b.behind)
	}
	if err := b.DeleteRange(150, 160); err != nil { // another leader has other entries
		t.Fatal(err)
	}
	b.holds(t, 71, 149)
	if b.recent != 0 || b.behind != 79_000 {
		t.Errorf("%d bytes in memory, %d behind the snapshot", b.recent, b.behind)
	}
	b.append(t, 3)
	b.holds(t, 71, 152)
	if err := b.DeleteRange(71, 152); err != nil { // a recovered folder
		t.Fatal(err)
	}
	if b.behind != 0 || len(b.entries) != 0 || b.recent != 0 {
		t.Errorf("%d bytes are counted of nothing", b.behind)
	}
}

func TestTheLogKeepsSoManyEntries(t *testing.T) {
	b, _ := newBounded(t, Limits{Snapshot: 1 << 20, Keep: 1 << 20, Entries: 10, Recent: 1 << 20})
	b.append(t, 30)
	if err := b.DeleteRange(1, 29); err != nil {
		t.Fatal(err)
	}
	b.holds(t, 21, 30)
	if err := b.DeleteRange(21, 29); err != nil {
		t.Fatal(err)
	}
	b.holds(t, 21, 30)

	again, err := newBoundedLog(b.LogStore, b.LogStore.GetLog, 25, b.Limits)
	if err != nil {
		t.Fatal(err)
	}
	if again.behind != 5_000 || len(again.entries) != 10 {
		t.Errorf("%d bytes behind the snapshot after a restart, %d entries", again.behind, len(again.entries))
	}
	again.holds(t, 21, 30)
}

// A snapshot that the leader sent leaves a hole in the log behind it.
func TestTheLogMayHaveAHole(t *testing.T) {
	b, _ := newBounded(t, Limits{Snapshot: 1 << 20, Keep: 4_000, Entries: 100, Recent: 2_000})
	b.append(t, 5)
	for i := uint64(10_000); i < 10_000+5; i++ {
		if err := b.StoreLog(&raft.Log{Index: i, Data: make([]byte, 1000-entryOverhead)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.DeleteRange(1, 10_000+2); err != nil {
		t.Fatal(err)
	}
	if len(b.entries) != 4 || b.entries[0].index != 10_000+1 {
		t.Errorf("%d entries from %d", len(b.entries), b.entries[0].index)
	}
}
