package fsm

import "container/heap"

// due orders the heartbeats by deadline. A ping moves a deadline later and leaves
// the order alone: an entry that comes up too early is put back where it belongs.
// It is derived from the heartbeats and differs in nothing that can be seen.
type due struct {
	entries dueHeap
	queued  []int64 // by ordinal: the deadline of its entry that counts; 0: none
}

type dueEntry struct {
	deadline int64
	ord      uint64
}

// schedule makes sure that ord comes up no later than its deadline.
func (d *due) schedule(ord uint64, deadline int64) {
	for uint64(len(d.queued)) <= ord {
		d.queued = append(d.queued, 0)
	}
	if q := d.queued[ord]; q != 0 && q <= deadline {
		return
	}
	d.queued[ord] = deadline
	heap.Push(&d.entries, dueEntry{deadline, ord})
}

// next returns the heartbeat whose deadline is first, if that is up to limit. On
// the way it puts right every entry that came up too early, and drops those that
// nobody needs any more.
func (d *due) next(t *table, limit int64) (dueEntry, bool) {
	for len(d.entries) > 0 && d.entries[0].deadline <= limit {
		top := d.entries[0]
		if d.queued[top.ord] != top.deadline {
			heap.Pop(&d.entries)
			continue
		}
		v := t.get(top.ord)
		if v == nil || !v.judged() {
			d.queued[top.ord] = 0
			heap.Pop(&d.entries)
			continue
		}
		real := v.deadline()
		if real == top.deadline {
			return top, true
		}
		d.queued[top.ord] = real
		d.entries[0].deadline = real
		heap.Fix(&d.entries, 0)
	}
	return dueEntry{}, false
}

type dueHeap []dueEntry

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if h[i].deadline != h[j].deadline {
		return h[i].deadline < h[j].deadline
	}
	return h[i].ord < h[j].ord
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(dueEntry)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
