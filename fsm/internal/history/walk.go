package history

import "slices"

// entry is an entry of a history, decoded.
type entry struct {
	change int64
	extra  []byte
}

func appendEntries(list []entry, b []byte) []entry {
	for len(b) > 0 {
		change, extra, size := readEntry(b)
		list = append(list, entry{change, extra})
		b = b[size:]
	}
	return list
}

// walk goes through a history from its newest entry backwards.
type walk struct {
	at, step int64
	callers  Callers
	left     int // entries that are kept
	skip     int // entries to skip first
	f        Visit
}

// Visit looks at an entry: when it came, its Detail, encoded, and the address of the
// newest ping, up to this one, that ended a run. It returns false to end the walk.
type Visit func(at int64, extra []byte, from [16]byte) bool

// WalkBack calls f for each entry of a slot's history, newest first, without the newest
// skip entries, until f returns false. Its cost follows the entries that it visits, plus
// one part of an archive, whatever the length of the history.
func (p *Page) WalkBack(h *Head, slot, skip int, f Visit) {
	w := walk{at: h.Newest, step: h.Step, callers: h.Callers, left: int(h.Kept), skip: skip, f: f}
	r := p.runs[slot]
	list := appendEntries(make([]entry, 0, r.n), p.buf[r.at:][:r.size])
	p.eachLogged(func(s int, e []byte) {
		if s == slot {
			list = appendEntries(list, e)
		}
	})
	if !w.visitAll(list) || p.archives[slot] == nil {
		return
	}
	parts := p.archives[slot].parts
	for i := len(parts) - 1; i >= 0; i-- {
		x := &parts[i]
		w.at, w.step, w.callers = x.newest, x.step, x.callers
		if w.skip >= x.n {
			w.skip -= x.n
			w.left -= x.n
			continue
		}
		list = appendEntries(slices.Grow(list[:0], x.n), x.entries)
		if !w.visitAll(list) {
			return
		}
	}
}

// visitAll visits the entries of a list, the last first. It returns false at the end of
// the walk.
func (w *walk) visitAll(list []entry) bool {
	for i := len(list) - 1; i >= 0; i-- {
		if w.left <= 0 {
			return false
		}
		w.left--
		if w.skip > 0 {
			w.skip--
		} else if !w.f(w.at, list[i].extra, w.callers.last) {
			return false
		}
		w.at -= w.step
		w.callers.undoEntry(list[i].extra)
		w.step -= list[i].change
	}
	return true
}
