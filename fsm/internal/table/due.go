package table

import "math"

// dueTree finds the heartbeat whose deadline is first. It has a time for each page,
// before which no heartbeat of the page is due. A ping moves a deadline to a later time
// and leaves the page's time alone: when that comes, the page is looked through, and gets
// the time that is right by then. So a heartbeat that nobody pings costs nothing until it
// is due, and one look at a page makes good for many pings. The tree is derived from the
// heartbeats: two nodes whose trees differ still behave alike.
type dueTree struct {
	// times is a tree in an array: the pages' times are in its second half, and before
	// them each element i is the earlier of elements 2i and 2i+1. So element 1 is the
	// first time of all.
	times []int64
}

// never is the time of a page on which no deadline is running.
const never = math.MaxInt64

func (d *dueTree) pages() int { return len(d.times) / 2 }

// scheduleBy makes sure that the page of ord is looked at no later than its deadline.
func (d *dueTree) scheduleBy(ord uint64, deadline int64) {
	page := int((ord - 1) / PageSize)
	if page >= d.pages() {
		d.growTo(page + 1)
	}
	if deadline < d.times[d.pages()+page] {
		d.setTime(page, deadline)
	}
}

// LookAgain has a page looked through once the horizon reaches a time.
func (t *Table) LookAgain(page int, at int64) { t.due.setTime(page, at) }

func (d *dueTree) setTime(page int, t int64) {
	i := d.pages() + page
	d.times[i] = t
	for i /= 2; i > 0; i /= 2 {
		d.times[i] = min(d.times[2*i], d.times[2*i+1])
	}
}

// growTo makes room for at least n pages.
func (d *dueTree) growTo(n int) {
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

// firstPage returns the page whose time is first, of several the lowest.
func (d *dueTree) firstPage() (page int) {
	i := 1
	for i < d.pages() {
		if i *= 2; d.times[i+1] < d.times[i] {
			i++
		}
	}
	return i - d.pages()
}

// Schedule makes sure that NextDue finds a heartbeat once its deadline has come.
func (t *Table) Schedule(ord uint64, deadline int64) { t.due.scheduleBy(ord, deadline) }

// firstDue returns the slot whose deadline is first on a page, and the deadline.
func (p *Page) firstDue() (slot int, first int64) {
	first = never
	if p == nil {
		return 0, first
	}
	for i := range p.hots {
		v := &p.hots[i]
		if !v.Is(Live) || !v.Is(Armed|Paused) {
			continue
		}
		t := int64(never)
		if p.runs == nil && !v.Is(Paused) {
			t = v.NextMiss(p.Times(i)) // which is all that Deadline would find
		} else {
			t = p.Deadline(i)
		}
		if t < first {
			slot, first = i, t
		}
	}
	return slot, first
}
