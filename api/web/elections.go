package web

import (
	"slices"
	"sync"
	"time"
)

// term is when this node first saw a leader, or that there is none.
type term struct {
	At     time.Time
	Number uint64
	Leader string // "": none was known
	Before string // who led before; "": nobody, or this is the first that is known
}

// mostTerms are kept, the newest.
const mostTerms = 100

// terms are what this node saw of elections since it was started.
type terms struct {
	mu   sync.Mutex
	list []term // oldest first
}

// NoteLeader tells the site, every second or so, who leads.
func (s *Site) NoteLeader(now time.Time, number uint64, leader string) {
	s.terms.note(now, number, leader)
}

func (t *terms) note(now time.Time, number uint64, leader string) {
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
	t.list = append(t.list, term{now, number, leader, before})
	if len(t.list) > mostTerms {
		t.list = slices.Delete(t.list, 0, len(t.list)-mostTerms)
	}
}

// seen are the newest, the newest first.
func (t *terms) seen() []term {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := slices.Clone(t.list)
	slices.Reverse(out)
	return out
}
