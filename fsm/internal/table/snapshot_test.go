package table

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestPagesAreCopiedOnlyWhileASnapshotNeedsThem counts the copies.
func TestPagesAreCopiedOnlyWhileASnapshotNeedsThem(t *testing.T) {
	tab := New(fsm.MaxAllBodies)
	for ord := uint64(1); ord <= 3*PageSize; ord++ {
		tab.Add(ord, Cold{})
	}
	copied := func(page int) bool {
		before := tab.pages[page]
		tab.OwnHot(uint64(page)*PageSize + 1)
		return tab.pages[page] != before
	}
	check := func(what string, want ...bool) {
		t.Helper()
		for page, w := range want {
			if got := copied(page); got != w {
				t.Errorf("%s: page %d was copied: %v, want %v", what, page, got, w)
			}
		}
	}
	check("no snapshot", false, false, false)
	_, a := tab.Snapshot()
	a.passPages(1)
	check("one that has passed a page", false, true, true)
	check("once", false, false, false)
	_, b := tab.Snapshot()
	a.passPages(everyPage)
	check("two, of which the older is written", true, true, true)
	_, c := tab.Snapshot()
	b.passPages(everyPage)
	c.passPages(everyPage)
	check("all written", false, false, false)
}
