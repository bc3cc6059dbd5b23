package store

import (
	"iter"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// Reading is a heartbeat as a long scan sees it: nothing is copied, and what a
// caller does not ask for costs nothing. It is good only within the call that it is
// passed to.
type Reading struct {
	st   *state
	page *table.Page
	slot int
	text table.ColdText

	first uint64 // ordinal of the page's first place
}

// ReadPage passes f the heartbeats of one page that have a tag ("": all), in order of
// creation. next is the page to read then, more is false after the last one. f runs
// under the lock that [Store.Apply] waits for: it must neither block nor call the
// store. The lock is held for at most 64 heartbeats, so a scan is not one moment's
// picture.
func (s *Store) ReadPage(page int, tag string, f func(*Reading)) (next int, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := &s.st.table
	if page >= t.PageCount() {
		return page, false
	}
	if p := t.PageAt(page); p != nil {
		r := Reading{st: s.st, page: p, first: uint64(page)*table.PageSize + 1}
		for r.slot = range table.PageSize {
			if p.IsLive(r.slot) && r.read(tag) {
				f(&r)
			}
		}
	}
	return page + 1, page+1 < t.PageCount()
}

// runPagesPerLock is how many pages OpenRuns looks at before it lets entries be applied
// again; most have no runs.
const runPagesPerLock = 256

// OpenRuns counts the runs that told their start and not yet their end.
func (s *Store) OpenRuns() (n int) {
	for page, more := 0, true; more; page += runPagesPerLock {
		n, more = s.addOpenRuns(page, n)
	}
	return n
}

func (s *Store) addOpenRuns(page, n int) (sum int, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := &s.st.table
	last := min(page+runPagesPerLock, t.PageCount())
	for ; page < last; page++ {
		if p := t.PageAt(page); p != nil {
			n += p.OpenRuns()
		}
	}
	return n, page < t.PageCount()
}

// read finds the parts of the cold fields, and reports whether the heartbeat has a tag.
func (r *Reading) read(tag string) bool {
	r.text = table.SplitText(r.page.Text(r.slot))
	return tag == "" || r.text.Tagged(tag)
}

func (r *Reading) hot() *table.Hot { return r.page.Hot(r.slot) }

// AppendID appends the ID as its String shows it.
func (r *Reading) AppendID(dst []byte) []byte { return fsm.AppendHeartbeatID(dst, r.text.ID) }

// Name returns the name's bytes, which must not be written to.
func (r *Reading) Name() []byte { return r.text.Name }

// Ordinal returns the ordinal.
func (r *Reading) Ordinal() uint64 { return r.first + uint64(r.slot) }

// Tags passes the tags' bytes, which are good until the next.
func (r *Reading) Tags() iter.Seq[[]byte] { return r.text.Tags() }

// Due returns when the next ping is expected, without grace, in Unix milliseconds of the
// wall clock; 0 while paused or unarmed.
func (r *Reading) Due() int64 { return r.st.nextDue(&table.Record{Hot: r.hot(), Times: r.times()}) }

func (r *Reading) times() *timetable.Timetable { return r.page.Times(r.slot) }

// IsLate reports whether it is due, and not failing yet, at a time of the wall clock in Unix
// milliseconds.
func (r *Reading) IsLate(now int64) bool {
	due := r.Due()
	return due != 0 && now > due && r.Status() == fsm.StatusActive
}

// Status returns the status.
func (r *Reading) Status() fsm.Status { return r.hot().Status() }

// Pings returns how many pings there ever were.
func (r *Reading) Pings() uint64 { return r.hot().Pings }

// Misses returns the consecutive misses.
func (r *Reading) Misses() int64 { return r.hot().MissesAt(r.times(), r.st.horizon) }

// Missed returns how many misses there ever were.
func (r *Reading) Missed() uint64 { return r.hot().MissedAt(r.times(), r.st.horizon) }

// LastPing returns when the newest ping came, in Unix milliseconds; 0: never.
func (r *Reading) LastPing() int64 { return r.hot().LastPing }

// Deadline returns when the next miss is, in Unix milliseconds of the wall clock; 0
// while paused or unarmed.
func (r *Reading) Deadline() int64 {
	v := r.hot()
	if due := r.Due(); due != 0 {
		return due + v.Grace()
	}
	return 0
}

// LastRun returns how long the newest run took that ended; negative: not known.
func (r *Reading) LastRun() time.Duration {
	if x := r.page.Runs(r.slot); x != nil && x.Took != fsm.NotKnown {
		return time.Duration(x.Took) * time.Millisecond
	}
	return fsm.NotKnown
}

// LastExit returns the exit status that the newest ended run told; -1: none.
func (r *Reading) LastExit() int {
	if x := r.page.Runs(r.slot); x != nil {
		return x.Exit
	}
	return fsm.NotKnown
}

// Numbers returns the newest numbers that a ping told, which must not be written to.
func (r *Reading) Numbers() []fsm.Number {
	if x := r.page.Runs(r.slot); x != nil {
		return x.Results.Latest()
	}
	return nil
}
