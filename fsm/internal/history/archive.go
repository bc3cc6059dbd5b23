package history

import "maps"

// A run that grows beyond archiveAt bytes becomes a part of an archive, in memory of its
// own, that packing a page does not touch again. With a limit of 100 this never happens;
// with a million, a heartbeat has a thousand of them.

// archive holds the older parts of a history, oldest first. It is replaced, never
// written to, so that copies of a page may share it.
type archive struct {
	parts []part
	n     int // entries, some of which the limit may have left behind
}

type part struct {
	entries []byte
	n       int
	newest  int64 // what the head said when it was archived
	step    int64
	callers Callers   // likewise
	keys    keyFilter // of the entries
}

// newPart copies n entries.
func newPart(entries []byte, n int, newest, step int64, c Callers) part {
	return part{append([]byte(nil), entries...), n, newest, step, c, filterOf(entries)}
}

func (l *archive) length() int {
	if l == nil {
		return 0
	}
	return l.n
}

// archiveLong archives the runs that are too long, which gather has put into from, and
// lets go of parts that are not kept any more.
func (p *Page) archiveLong(heads Heads, from []byte) {
	fresh := false
	for slot := range p.runs {
		r, h := &p.runs[slot], heads.Head(slot)
		l := p.archives[slot].withoutOldest(p.archives[slot].length() + int(r.n) - int(h.Kept))
		if r.size > archiveAt {
			l = l.withPart(newPart(from[r.at:][:r.size], int(r.n), h.Newest, h.Step, h.Callers))
			*r = run{}
		}
		if l == p.archives[slot] {
			continue
		}
		if !fresh {
			p.archives, fresh = maps.Clone(p.archives), true
		}
		p.setArchive(slot, l)
	}
}

func (p *Page) setArchive(slot int, l *archive) {
	if l.length() == 0 {
		delete(p.archives, slot)
		return
	}
	if p.archives == nil {
		p.archives = map[int]*archive{}
	}
	p.archives[slot] = l
}

// withoutOldest returns the history without the parts that are whole among the oldest n
// entries.
func (l *archive) withoutOldest(n int) *archive {
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

// withPart returns the history with another part, the newest.
func (l *archive) withPart(x part) *archive {
	if l == nil {
		l = &archive{}
	}
	return &archive{parts: append(l.parts, x), n: l.n + x.n}
}

// splitIntoParts makes parts of a history that is too long for a run, and returns what is
// left for the run: its entries and their number.
func splitIntoParts(b []byte, n int, newest, step int64, c Callers) (l *archive, rest []byte, left int) {
	type cut struct{ end, n int }
	var cuts []cut
	list := make([]entry, 0, n)
	begin, entries := 0, 0
	for at := 0; at < len(b); {
		change, extra, size := readEntry(b[at:])
		list = append(list, entry{change, extra})
		at += size
		if entries++; at-begin > archiveAt {
			cuts = append(cuts, cut{end: at, n: entries})
			begin, entries = at, 0
		}
	}
	rest, left = b[begin:], entries
	// From the newest backwards: what the head said at the end of each part.
	parts := make([]part, len(cuts))
	back := func(k int) {
		for range k {
			last := list[len(list)-1]
			newest -= step
			step -= last.change
			c.undoEntry(last.extra)
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
	return &archive{parts: parts, n: total}, rest, left
}
