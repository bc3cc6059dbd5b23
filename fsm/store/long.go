package store

import "maps"

// A run that grows beyond sealAt bytes is sealed: it becomes a part of a long
// history, in memory of its own, that packing a page does not touch again. With a
// limit of 100 this never happens; with a million, a heartbeat has a thousand of
// them.

// long holds the older parts of a history, oldest first. It is replaced, never
// written to, so that snapshots may share it.
type long struct {
	parts []part
	n     int // entries, some of which the limit may have left behind
}

type part struct {
	entries []byte
	n       int
	newest  int64 // what the vitals said when it was sealed
	step    int64
	callers callers   // likewise
	keys    keyFilter // of the entries
}

// newPart copies n entries.
func newPart(entries []byte, n int, newest, step int64, c callers) part {
	return part{append([]byte(nil), entries...), n, newest, step, c, filterOf(entries)}
}

func (l *long) len() int {
	if l == nil {
		return 0
	}
	return l.n
}

// sealLong seals the runs that are too long, which gather has put into from, and
// lets go of parts that are not kept any more.
func (p *page) sealLong(from []byte) {
	fresh := false
	for slot := range p.runs {
		r, v := &p.runs[slot], &p.vitals[slot]
		l := p.long[slot].less(p.long[slot].len() + int(r.n) - int(v.kept))
		if r.size > sealAt {
			l = l.and(newPart(from[r.at:][:r.size], int(r.n), v.newest, v.step, v.callers()))
			*r = run{}
		}
		if l == p.long[slot] {
			continue
		}
		if !fresh {
			p.long, fresh = maps.Clone(p.long), true
		}
		p.setLong(slot, l)
	}
}

func (p *page) setLong(slot int, l *long) {
	if l.len() == 0 {
		delete(p.long, slot)
		return
	}
	if p.long == nil {
		p.long = map[int]*long{}
	}
	p.long[slot] = l
}

// less returns the history without the parts that are whole among the oldest n
// entries.
func (l *long) less(n int) *long {
	if l == nil || n < l.parts[0].n {
		return l
	}
	c := *l
	for len(c.parts) > 0 && n >= c.parts[0].n {
		n -= c.parts[0].n
		c.n -= c.parts[0].n
		c.parts = c.parts[1:]
	}
	return &c
}

// and returns the history with another part, the newest.
func (l *long) and(x part) *long {
	if l == nil {
		l = &long{}
	}
	return &long{parts: append(l.parts, x), n: l.n + x.n}
}

// split makes parts of a history that is too long for a run, and returns what is
// left for the run: its entries and their number.
func split(b []byte, n int, newest, step int64, c callers) (l *long, rest []byte, left int) {
	type cut struct{ end, n int }
	var cuts []cut
	list := make([]entry, 0, n)
	begin, entries := 0, 0
	for at := 0; at < len(b); {
		change, extra, size := readEntry(b[at:])
		list = append(list, entry{change, extra})
		at += size
		if entries++; at-begin > sealAt {
			cuts = append(cuts, cut{end: at, n: entries})
			begin, entries = at, 0
		}
	}
	rest, left = b[begin:], entries
	// From the newest backwards: what the vitals said at the end of each part.
	parts := make([]part, len(cuts))
	back := func(k int) {
		for range k {
			last := list[len(list)-1]
			newest -= step
			step -= last.change
			c.undo(last.extra)
			list = list[:len(list)-1]
		}
	}
	back(left)
	total := 0
	for i := len(cuts) - 1; i >= 0; i-- {
		from := 0
		if i > 0 {
			from = cuts[i-1].end
		}
		parts[i] = newPart(b[from:cuts[i].end], cuts[i].n, newest, step, c)
		total += cuts[i].n
		back(cuts[i].n)
	}
	if total == 0 {
		return nil, rest, left
	}
	return &long{parts: parts, n: total}, rest, left
}
