package store

import "math"

// due finds the heartbeat whose deadline is first. For each page of the table it
// has a time before which no heartbeat there is due. A ping moves a deadline later
// and leaves that time alone: when it comes, the page is looked through, and gets
// the time that is right by then. So what nobody pings costs nothing until it is
// due, and what is pinged costs next to nothing: a look at a page puts right what
// many pings have changed. due is derived from the heartbeats and differs in
// nothing that can be seen.
type due struct {
	// times is a tree in an array: those of the pages from the middle on, and at
	// each place before it the earlier of the times at 2i and 2i+1. So the first
	// of all is at 1.
	times []int64
}

// never is the time of a page on which no deadline is running.
const never = math.MaxInt64

type dueEntry struct {
	deadline int64
	ord      uint64
}

func (d *due) pages() int { return len(d.times) / 2 }

// schedule makes sure that ord comes up no later than its deadline.
func (d *due) schedule(ord uint64, deadline int64) {
	page := int((ord - 1) / pageSize)
	if page >= d.pages() {
		d.grow(page + 1)
	}
	if deadline < d.times[d.pages()+page] {
		d.set(page, deadline)
	}
}

func (d *due) set(page int, t int64) {
	i := d.pages() + page
	d.times[i] = t
	for i /= 2; i > 0; i /= 2 {
		d.times[i] = min(d.times[2*i], d.times[2*i+1])
	}
}

// grow makes room for at least n pages.
func (d *due) grow(n int) {
	old := d.times[d.pages():]
	size := max(d.pages(), 16)
	for size < n {
		size *= 2
	}
	d.times = make([]int64, 2*size)
	copy(d.times[size:], old)
	for i := size + len(old); i < 2*size; i++ {
		d.times[i] = never
	}
	for i := size - 1; i > 0; i-- {
		d.times[i] = min(d.times[2*i], d.times[2*i+1])
	}
}

// first returns the page whose time is first, of several the lowest.
func (d *due) first() (page int) {
	i := 1
	for i < d.pages() {
		if i *= 2; d.times[i+1] < d.times[i] {
			i++
		}
	}
	return i - d.pages()
}

// next returns the heartbeat whose deadline is first, of several the oldest, if
// that is up to limit. It looks at no more than so many pages: if that is not
// enough to tell, it has not finished.
func (d *due) next(t *table, limit int64, pages int) (e dueEntry, found, finished bool) {
	for ; d.pages() > 0 && d.times[1] <= limit && d.times[1] != never; pages-- {
		if pages == 0 {
			return dueEntry{}, false, false
		}
		page := d.first()
		slot, deadline := t.pages[page].firstDue()
		if deadline == d.times[1] {
			return dueEntry{deadline, uint64(page)*pageSize + uint64(slot) + 1}, true, true
		}
		d.set(page, deadline)
	}
	return dueEntry{}, false, true
}

// firstDue returns the place and the deadline that is first on a page.
func (p *page) firstDue() (slot int, first int64) {
	first = never
	if p == nil {
		return 0, first
	}
	for i := range p.vitals {
		v := &p.vitals[i]
		if v.flags&(flagLive|flagArmed|flagPaused) != flagLive|flagArmed {
			continue
		}
		if t := p.deadline(i); t < first {
			slot, first = i, t
		}
	}
	return slot, first
}
