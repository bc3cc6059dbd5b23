package changes

import (
	"sync"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxChanges  = 32 << 10
	maxTagBytes = 1 << 20 // of all lost tags
	maxTerms    = 64
)

// Log holds the newest changes. Its zero value is empty and ready; any goroutine may use it.
type Log struct {
	mu       sync.Mutex
	floor    uint64       // nothing is known of entries up to this index
	head     fsm.Position // of the newest entry
	entries  []entry      // a ring once it is full: the oldest is at start
	start    int
	tagBytes int
	terms    []fsm.Position // where terms began, of which entries above the floor are
	wake     chan struct{}  // closed by the next change; nil: nobody waits
}

type entry struct {
	index uint64
	fsm.Change
}

// Restart forgets everything: the state is that after the entry of an index.
func (l *Log) Restart(index uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.floor, l.head = index, fsm.Position{Index: index}
	l.entries, l.start, l.tagBytes, l.terms = nil, 0, 0, nil
	l.wakeAll()
}

// Add notes that an entry was applied, and what it changed.
func (l *Log) Add(at fsm.Position, changed []fsm.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head.Term != at.Term || len(l.terms) == 0 {
		l.beginTerm(at)
	}
	l.head = at
	for _, c := range changed {
		l.add(entry{at.Index, c})
	}
	if len(changed) > 0 {
		l.wakeAll()
	}
}

func (l *Log) beginTerm(at fsm.Position) {
	if len(l.terms) == maxTerms {
		l.terms = append(l.terms[:0], l.terms[1:]...)
		l.forget(l.terms[0].Index - 1)
	}
	l.terms = append(l.terms, at)
}

func (l *Log) add(e entry) {
	l.tagBytes += tagBytes(e)
	for len(l.entries) > 0 && l.tagBytes > maxTagBytes {
		l.dropOldest()
	}
	switch {
	case len(l.entries) < maxChanges:
		l.straighten()
		l.entries = append(l.entries, e)
	default:
		old := &l.entries[l.start]
		l.tagBytes -= tagBytes(*old)
		l.floor = old.index
		*old = e
		l.start = (l.start + 1) % len(l.entries)
	}
}

func tagBytes(e entry) (n int) {
	for _, tag := range e.Lost {
		n += len(tag)
	}
	return n
}

// straighten puts the oldest first, where it is not: only after entries were dropped.
func (l *Log) straighten() {
	if l.start != 0 {
		l.entries = append(append(make([]entry, 0, maxChanges), l.entries[l.start:]...), l.entries[:l.start]...)
		l.start = 0
	}
}

func (l *Log) dropOldest() {
	l.straighten()
	l.tagBytes -= tagBytes(l.entries[0])
	l.floor = l.entries[0].index
	l.entries[0] = entry{}
	l.entries = l.entries[1:]
}

// forget drops what is known of entries up to an index.
func (l *Log) forget(index uint64) {
	l.floor = max(l.floor, index)
	for len(l.entries) > 0 && l.entries[l.start].index <= index {
		l.dropOldest()
	}
}

func (l *Log) wakeAll() {
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}

// Head returns the newest entry's position.
func (l *Log) Head() fsm.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Since returns changes after a position, oldest first, and the position that they lead up
// to: at most limit of them and the rest of their entry. It is false if the log cannot tell
// all of them: some were dropped, or the position is none that this log passed.
func (l *Log) Since(after fsm.Position, limit int) (list []fsm.Change, to fsm.Position, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after.Index < l.floor || after.Index > l.head.Index || !l.passed(after) {
		return nil, l.head, false
	}
	n := len(l.entries)
	first := l.search(after.Index)
	for i := first; i < n; i++ {
		e := &l.entries[(l.start+i)%n]
		if i-first >= limit && e.index != to.Index {
			return list, to, true
		}
		to = fsm.Position{Index: e.index, Term: l.termAt(e.index)}
		list = append(list, e.Change)
	}
	return list, l.head, true
}

// search returns how many entries are not after an index.
func (l *Log) search(index uint64) int {
	lo, hi := 0, len(l.entries)
	for lo < hi {
		if mid := (lo + hi) / 2; l.entries[(l.start+mid)%len(l.entries)].index > index {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// passed reports whether a position is one that this log may have passed: of an entry that
// a snapshot brought, the term is not known.
func (l *Log) passed(p fsm.Position) bool {
	term := l.termAt(p.Index)
	return term == 0 || p.Term == 0 || term == p.Term
}

func (l *Log) termAt(index uint64) (term uint64) {
	for _, t := range l.terms {
		if t.Index > index {
			break
		}
		term = t.Term
	}
	return term
}

// closed is for who need not wait.
var closed = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// Wait returns a channel that closes with the next change after a position, or is closed
// already.
func (l *Log) Wait(after fsm.Position) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after.Index < l.floor || l.search(after.Index) < len(l.entries) {
		return closed
	}
	if l.wake == nil {
		l.wake = make(chan struct{})
	}
	return l.wake
}
