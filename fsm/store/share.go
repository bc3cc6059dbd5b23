package store

import (
	"math"
	"slices"
	"sync/atomic"
)

// share is what the table knows of a snapshot of it.
type share struct {
	epoch uint64       // pages of a later one are not in the snapshot
	from  atomic.Int64 // pages before this one are not needed any more
}

const everyPage = math.MaxInt64

func (s *share) passed(pages int) { s.from.Store(int64(pages)) }
func (s *share) done() bool       { return s.from.Load() == everyPage }

// share returns the pages as they are now; later writes copy them first, until the
// share has passed them.
func (t *table) share() (table, *share) {
	s := &share{epoch: t.epoch}
	t.shares = append(slices.DeleteFunc(t.shares, (*share).done), s)
	t.epoch++
	return table{pages: slices.Clone(t.pages), live: t.live}, s
}

// shared reports whether a snapshot needs a page.
func (t *table) shared(p *page, i int) bool {
	for _, s := range t.shares {
		if s.epoch >= p.epoch && int64(i) >= s.from.Load() {
			return true
		}
	}
	return false
}
