package elections

import (
	"slices"
	"sync"
	"time"
)

// Term is when this node first saw a leader, or that there is none.
type Term struct {
	At     time.Time
	Number uint64
	Leader string // "": none was known
	Before string // who led before; "": nobody, or this is the first that is known
}

// maxTerms are kept, the newest.
const maxTerms = 100

// Log is what was noted since the node was started. The zero Log is empty; it may be used by several goroutines.
type Log struct {
	mu   sync.Mutex
	list []Term // oldest first
}

// Note adds a moment: who leads, if anybody, and in which term. Moments that tell nothing new are left out.
func (t *Log) Note(now time.Time, number uint64, leader string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := ""
	if len(t.list) == 0 && leader == "" {
		return // it has just been started
	}
	if len(t.list) > 0 {
		last := t.list[len(t.list)-1]
		if last.Leader == leader && (last.Number == number || leader == "") {
			return
		}
		if before = last.Leader; before == "" {
			before = last.Before
		}
	}
	t.list = append(t.list, Term{now, number, leader, before})
	if len(t.list) > maxTerms {
		t.list = slices.Delete(t.list, 0, len(t.list)-maxTerms)
	}
}

// Seen returns the terms that are kept, the newest first.
func (t *Log) Seen() []Term {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := slices.Clone(t.list)
	slices.Reverse(out)
	return out
}
