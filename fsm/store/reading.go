package store

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Reading is a heartbeat as a long scan sees it: nothing is copied, and what a
// caller does not ask for costs nothing. It is good only within the call that it is
// passed to.
type Reading struct {
	st   *state
	page *page
	slot int
	text configText
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
	if page >= len(t.pages) {
		return page, false
	}
	if p := t.pages[page]; p != nil {
		r := Reading{st: s.st, page: p}
		for r.slot = range p.vitals {
			if p.vitals[r.slot].is(flagLive) && r.read(tag) {
				f(&r)
			}
		}
	}
	return page + 1, page+1 < len(t.pages)
}

// read finds the parts of the config, and reports whether it has a tag.
func (r *Reading) read(tag string) bool {
	r.text = splitText(r.page.textOf(r.slot))
	return tag == "" || r.text.tagged(tag)
}

func (r *Reading) vitals() *vitals { return &r.page.vitals[r.slot] }

// AppendID appends the ID as its String shows it.
func (r *Reading) AppendID(dst []byte) []byte { return fsm.AppendHeartbeatID(dst, r.text.id) }

// Name returns the name's bytes, which must not be written to.
func (r *Reading) Name() []byte { return r.text.name }

// Status returns the status.
func (r *Reading) Status() fsm.Status { return r.vitals().status() }

// Pings returns how many pings there ever were.
func (r *Reading) Pings() uint64 { return r.vitals().pings }

// Misses returns the consecutive misses.
func (r *Reading) Misses() int64 { return r.vitals().missesAt(r.st.horizon) }

// Missed returns how many misses there ever were.
func (r *Reading) Missed() uint64 { return r.vitals().missedAt(r.st.horizon) }

// LastPing returns when the newest ping came, in Unix milliseconds; 0: never.
func (r *Reading) LastPing() int64 { return r.vitals().lastPing }

// Deadline returns when the next miss is, in Unix milliseconds of the wall clock; 0
// while paused or unarmed.
func (r *Reading) Deadline() int64 {
	v := r.vitals()
	if due := r.st.nextDue(&record{vitals: v}); due != 0 {
		return due + v.grace()
	}
	return 0
}

// LastRun returns how long the newest run took that ended; negative: not known.
func (r *Reading) LastRun() time.Duration {
	if x := r.page.extrasOf(r.slot); x != nil && x.took != fsm.None {
		return time.Duration(x.took) * time.Millisecond
	}
	return fsm.None
}

// LastExit returns the exit status that the newest ended run told; -1: none.
func (r *Reading) LastExit() int {
	if x := r.page.extrasOf(r.slot); x != nil {
		return x.exit
	}
	return fsm.None
}

// configText is the config's text in its parts.
type configText struct{ id, name, tags []byte }

// splitText finds the parts of what appendText wrote, without decoding it.
func splitText(b []byte) (t configText) {
	r := wire.NewReader(b)
	t.id = r.Take(uint64(len(fsm.HeartbeatID{})))
	r.Uint() // created
	r.Uint() // updated
	r.Uint() // version
	t.name = r.Take(r.Uint())
	r.Take(r.Uint()) // slug
	t.tags = r.Rest()
	return t
}

func (t *configText) tagged(tag string) bool {
	r := wire.NewReader(t.tags)
	for n := r.Count(); n > 0; n-- {
		if string(r.Take(r.Uint())) == tag {
			return true
		}
	}
	return false
}
