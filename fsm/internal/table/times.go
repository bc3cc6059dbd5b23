package table

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// pageTimes are the timetables of a page's heartbeats, nil for those without. They are never
// changed: a write puts others in their place, so that a snapshot need not copy them.
type pageTimes struct {
	of       [PageSize]*timetable.Timetable
	wantedAt int64  // wall: before this none of them wants more times
	rules    uint32 // of all of them; 0 if they differ
}

// setTimes gives a slot of a page another timetable.
func (p *Page) setTimes(slot int, t *timetable.Timetable) {
	if p.Times(slot) == t {
		return
	}
	changed := new(pageTimes)
	if p.times != nil {
		*changed = *p.times
	}
	changed.of[slot] = t
	changed.sum()
	p.times = changed
	if changed.of == ([PageSize]*timetable.Timetable{}) {
		p.times = nil
	}
}

// sum finds out which rules all have, and when the first one wants more times.
func (x *pageTimes) sum() {
	x.wantedAt, x.rules = never, 0
	first := true
	for slot, t := range x.of {
		if t == nil {
			continue
		}
		if first {
			x.rules, first = t.Rules(), false
		}
		x.put(slot, t)
	}
}

// put adds a timetable to those that are there, in a place that has none.
func (x *pageTimes) put(slot int, t *timetable.Timetable) {
	x.of[slot] = t
	x.wantedAt = min(x.wantedAt, t.WantedAt())
	if x.rules != t.Rules() {
		x.rules = 0
	}
}

// wantedTimes tells of each page what its pageTimes do, without a look at the page: a million heartbeats have
// fifteen thousand, and somebody asks each second. It is derived from the pages.
type wantedTimes []struct {
	at    int64
	rules uint32
}

// note tells what a page's timetables want now.
func (w *wantedTimes) note(page int, p *Page) {
	for len(*w) <= page {
		*w = append(*w, struct {
			at    int64
			rules uint32
		}{at: never})
	}
	x := &(*w)[page]
	if x.at, x.rules = never, 0; p.times != nil {
		x.at, x.rules = p.times.wantedAt, p.times.rules
	}
}

// NextWanting returns the first page from one on whose timetables may want more times at a wall time, or have other
// rules; PageCount if there is none.
func (t *Table) NextWanting(page int, wall int64, rules uint32) int {
	for ; page < len(t.wanted); page++ {
		if x := &t.wanted[page]; x.at <= wall || x.at != never && x.rules != rules {
			return page
		}
	}
	return max(page, t.PageCount())
}

// WantsTimes reports whether some timetable of a page may want more times at a wall time, for a
// leader with other rules or not.
func (p *Page) WantsTimes(wall int64, rules uint32) bool {
	return p != nil && p.times != nil && (p.times.wantedAt <= wall || p.times.rules != rules)
}

// SetTimes gives a record from OwnRecord another timetable.
func (t *Table) SetTimes(r *Record, times *timetable.Timetable) {
	p, slot := t.Own(r.Ordinal)
	p.setTimes(slot, times)
	t.wanted.note(pageOf(r.Ordinal), p)
	r.Times = times
}

// Reanchor starts the schedule of a record from OwnRecord again at a time, given by both clocks,
// and carries misses over.
func (t *Table) Reanchor(r *Record, serving, wall, misses int64) {
	if r.Times.HasMissed() {
		t.SetTimes(r, r.Times.Fresh())
	}
	r.Hot.Reanchor(serving, r.CountsFor(wall), misses)
}

// CountTimes moves the anchor of a slot, which Own has returned, to the time for which the ping
// counts that was its anchor.
func (p *Page) CountTimes(slot int) {
	v, t := &p.hots[slot], p.Times(slot)
	v.AnchorWall = t.CountsFor(v.AnchorWall)
	if t.HasMissed() {
		p.setTimes(slot, t.Fresh())
	}
}

// AdvanceDeadlines says that the deadlines of timetables and the ends of pauses may come earlier
// than they were to, by so many ms.
func (t *Table) AdvanceDeadlines(by int64) {
	for i, p := range t.pages {
		if p != nil && (p.times != nil || p.runs != nil) && i < t.due.pages() {
			if at := t.due.times[t.due.pages()+i]; at != never {
				t.due.setTime(i, at-by)
			}
		}
	}
}

// MendAnchors moves the anchors of timetables by what they were stamped too early. One after which something was missed stays.
func (t *Table) MendAnchors(by func(anchored int64) int64) {
	for i, p := range t.pages {
		if p == nil || p.times == nil {
			continue
		}
		for slot, x := range p.times.of {
			v := &p.hots[slot]
			if x == nil || v.Misses != v.Carried || by(v.Anchor) == 0 {
				continue
			}
			v = t.OwnHot(uint64(i)*PageSize + uint64(slot) + 1)
			v.AnchorWall = x.CountsFor(v.AnchorWall + by(v.Anchor))
		}
	}
}

// DoubtTimes has timetables computed anew that were anchored by a clock which was ahead of what it is now: they may have let go
// of times that lie ahead again.
func (t *Table) DoubtTimes(wall int64) {
	for i, p := range t.pages {
		if p == nil || p.times == nil {
			continue
		}
		for slot, x := range p.times.of {
			if x != nil && p.hots[slot].AnchorWall > wall+timetable.Early {
				p, slot = t.Own(uint64(i)*PageSize + uint64(slot) + 1)
				p.setTimes(slot, x.Doubted())
				t.wanted.note(i, p)
			}
		}
	}
}

// drainedTimes is a timetable that a snapshot has let go of.
type drainedTimes struct {
	ord uint64
	*timetable.Timetable
}

func (t *Table) drainTimes(first uint64, p *Page) {
	if p.times == nil {
		return
	}
	for slot, x := range p.times.of {
		if x != nil {
			t.timed = append(t.timed, drainedTimes{first + uint64(slot), x})
		}
	}
}

// EachDrainedTimes passes the timetables of the heartbeats that Drain has passed, in the order
// of their ordinals.
func (t *Table) EachDrainedTimes(f func(ord uint64, x *timetable.Timetable)) {
	for _, d := range t.timed {
		f(d.ord, d.Timetable)
	}
}

// RestoreTimes gives a heartbeat the timetable of an image. No snapshot shares the page yet.
func (t *Table) RestoreTimes(ord uint64, x *timetable.Timetable) error {
	p, slot := t.At(ord)
	if p == nil || x == nil || !p.hots[slot].Is(Scheduled) || p.Times(slot) != nil {
		return fsm.ErrCorrupt
	}
	if p.times == nil {
		p.times = &pageTimes{wantedAt: never, rules: x.Rules()}
	}
	p.times.put(slot, x)
	t.wanted.note(pageOf(ord), p)
	t.Schedule(ord, p.Deadline(slot))
	return nil
}

// HasIntervals reports whether every heartbeat has an interval or a schedule.
func (t *Table) HasIntervals() bool {
	for _, p := range t.pages {
		for slot := 0; p != nil && slot < PageSize; slot++ {
			if v := &p.hots[slot]; v.Is(Live) && (v.Is(Scheduled) == (v.IntervalSecs > 0) || v.Is(Scheduled) && p.Times(slot) == nil) {
				return false
			}
		}
	}
	return true
}
