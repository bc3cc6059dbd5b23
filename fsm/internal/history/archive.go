package history

import "maps"

// A run that grows beyond archiveAt bytes becomes a part of an archive. A part has memory
// of its own, which packing a page does not touch. With a limit of 100 pings there are no
// parts; with a million, a heartbeat has a thousand.

// archive holds the older parts of a history, oldest first. It is replaced, never
// written to, so that copies of a page may share it.
type archive struct {
	parts []part
	n     int // entries, with those beyond the limit that are in the oldest part
}

type part struct {
	entries []byte
	n       int
	newest  int64 // the head's Newest when the part was archived
	step    int64
	callers Callers
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
// drops the parts of which nothing is kept any more. It returns how many bytes it archived.
func (p *Page) archiveLong(heads Heads, from []byte) (archived int) {
	fresh := false
	for slot := range p.runs {
		r, h := &p.runs[slot], heads.Head(slot)
		l := p.archives[slot].withoutOldest(p.archives[slot].length() + int(r.n) - int(h.Kept))
		if r.size > archiveAt {
			l = l.withPart(newPart(from[r.at:][:r.size], int(r.n), h.Newest, h.Step, h.Callers))
			archived += int(r.size)
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
	return archived
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

// withoutOldest returns the archive without its oldest n entries, except those that share
// a part with newer ones.
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

// withPart returns the archive with one more part, the newest.
func (l *archive) withPart(x part) *archive {
	if l == nil {
		l = &archive{}
	}
	return &archive{parts: append(l.parts, x), n: l.n + x.n}
}

// splitIntoParts makes an archive of a history that is too long for a run. It returns the
// entries that are left for the run, and their number.
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
	// From the newest entry backwards, to know the head at the end of each part.
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
