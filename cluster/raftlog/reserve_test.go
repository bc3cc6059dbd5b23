package raftlog

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/disk"
)

// fakeGuard is a disk of a given level.
type fakeGuard struct{ level disk.Level }

func (g *fakeGuard) Level() disk.Level { return g.level }
func (g *fakeGuard) Wrote(int64)       {}

func TestAFullDiskTakesNoEntry(t *testing.T) {
	g := &fakeGuard{}
	r := &reservedLog{LogStore: raft.NewInmemStore(), guard: g}
	store := func(from, to uint64) error {
		var ls []*raft.Log
		for i := from; i <= to; i++ {
			ls = append(ls, &raft.Log{Index: i})
		}
		return r.StoreLogs(ls)
	}
	if err := store(1, 5); err != nil {
		t.Fatal(err)
	}
	g.level = disk.Empty
	if err := store(6, 6); !errors.Is(err, ErrDiskEmpty) {
		t.Errorf("an entry: %v", err)
	}
	if err := r.DeleteRange(4, 5); !errors.Is(err, ErrDiskEmpty) {
		t.Errorf("the end cut off: %v", err)
	}
	if err := r.DeleteRange(1, 2); err != nil {
		t.Errorf("a compaction: %v", err)
	}
	g.level = disk.Full
	if err := r.DeleteRange(4, 5); err != nil {
		t.Fatal(err)
	}
	g.level = disk.Empty
	if err := store(4, 4); err != nil {
		t.Errorf("what replaces what was cut off: %v", err)
	}
	if err := store(5, 5); !errors.Is(err, ErrDiskEmpty) {
		t.Errorf("what comes after it: %v", err)
	}
}
