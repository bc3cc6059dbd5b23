package table

import (
	"math"
	"slices"
	"sync/atomic"
)

// SnapshotRef tells the table which pages a snapshot still needs.
type SnapshotRef struct {
	epoch uint64       // pages that were written in a later epoch are not in the snapshot
	from  atomic.Int64 // the first page that is still needed
}

const everyPage = math.MaxInt64

// passPages says that the snapshot does not need the first n pages any more.
func (s *SnapshotRef) passPages(pages int) { s.from.Store(int64(pages)) }

// Done reports whether the snapshot was released.
func (s *SnapshotRef) Done() bool { return s.from.Load() == everyPage }

// Release says that the snapshot does not need any page any more.
func (s *SnapshotRef) Release() { s.passPages(everyPage) }

// Drain calls f for each page of a snapshot in order, with the ordinal of its first slot,
// until f returns false. The pages that f has seen are released.
func (t *Table) Drain(s *SnapshotRef, f func(first uint64, p *Page) bool) {
	for i, p := range t.pages {
		if p == nil {
			continue
		}
		if !f(uint64(i)*PageSize+1, p) {
			return
		}
		if p.fields != nil {
			t.drained = append(t.drained, drainedFields{uint64(i)*PageSize + 1, p.fields})
		}
		t.drainResults(uint64(i)*PageSize+1, p)
		t.drainTimes(uint64(i)*PageSize+1, p)
		t.drainPauses(uint64(i)*PageSize+1, p)
		t.pages[i] = nil
		s.passPages(i + 1)
	}
}

// Snapshot returns the table as it is now. Later writes copy a page first, until the
// reference has released it.
func (t *Table) Snapshot() (Table, *SnapshotRef) {
	s := &SnapshotRef{epoch: t.epoch}
	t.snapshots = append(slices.DeleteFunc(t.snapshots, (*SnapshotRef).Done), s)
	t.epoch++
	return Table{pages: slices.Clone(t.pages), Live: t.Live}, s
}

// isShared reports whether a snapshot still needs a page.
func (t *Table) isShared(p *Page, i int) bool {
	for _, s := range t.snapshots {
		if s.epoch >= p.epoch && int64(i) >= s.from.Load() {
			return true
		}
	}
	return false
}
