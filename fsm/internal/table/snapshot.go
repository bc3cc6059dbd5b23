package table

import (
	"math"
	"slices"
	"sync/atomic"
)

// SnapshotRef is what the table knows of a snapshot of it.
type SnapshotRef struct {
	epoch uint64       // pages of a later one are not in the snapshot
	from  atomic.Int64 // pages before this one are not needed any more
}

const everyPage = math.MaxInt64

// passPages tells that the snapshot needs no page below a number any more.
func (s *SnapshotRef) passPages(pages int) { s.from.Store(int64(pages)) }

// Done reports whether the snapshot was released.
func (s *SnapshotRef) Done() bool { return s.from.Load() == everyPage }

// Release tells that the snapshot needs no page any more.
func (s *SnapshotRef) Release() { s.passPages(everyPage) }

// Drain calls f for each page of a snapshot in order, with the ordinal of its first
// slot, until it returns false, and lets go of those that f has seen.
func (t *Table) Drain(s *SnapshotRef, f func(first uint64, p *Page) bool) {
	for i, p := range t.pages {
		if p == nil {
			continue
		}
		if !f(uint64(i)*PageSize+1, p) {
			return
		}
		t.pages[i] = nil
		s.passPages(i + 1)
	}
}

// Snapshot returns the pages as they are now; later writes copy them first, until the
// reference has passed them.
func (t *Table) Snapshot() (Table, *SnapshotRef) {
	s := &SnapshotRef{epoch: t.epoch}
	t.snapshots = append(slices.DeleteFunc(t.snapshots, (*SnapshotRef).Done), s)
	t.epoch++
	return Table{pages: slices.Clone(t.pages), Live: t.Live}, s
}

// isShared reports whether a snapshot needs a page.
func (t *Table) isShared(p *Page, i int) bool {
	for _, s := range t.snapshots {
		if s.epoch >= p.epoch && int64(i) >= s.from.Load() {
			return true
		}
	}
	return false
}
