package fsm

// pageSize is the number of heartbeats that are copied together when one of them
// changes while a snapshot is being written.
const pageSize = 64

// table holds the heartbeats by ordinal, in pages that are shared with snapshots
// and copied on the first write after one. Ordinals are never used again.
type table struct {
	pages []*page
	epoch uint64
	live  int
}

type page struct {
	epoch   uint64
	live    int
	records [pageSize]record
}

// get returns a heartbeat for reading, nil if there is none. Ordinals start at 1.
func (t *table) get(ord uint64) *record {
	i := (ord - 1) / pageSize
	if ord == 0 || i >= uint64(len(t.pages)) || t.pages[i] == nil {
		return nil
	}
	r := &t.pages[i].records[(ord-1)%pageSize]
	if r.config == nil {
		return nil
	}
	return r
}

// mutable returns a heartbeat for writing; the pointer is good until the next
// snapshot.
func (t *table) mutable(ord uint64) *record {
	i := (ord - 1) / pageSize
	p := t.pages[i]
	if p.epoch != t.epoch {
		c := *p
		c.epoch = t.epoch
		p = &c
		t.pages[i] = p
	}
	return &p.records[(ord-1)%pageSize]
}

func (t *table) put(ord uint64, r record) *record {
	i := (ord - 1) / pageSize
	for uint64(len(t.pages)) <= i {
		t.pages = append(t.pages, nil)
	}
	if t.pages[i] == nil {
		t.pages[i] = &page{epoch: t.epoch}
	}
	slot := t.mutable(ord)
	*slot = r
	t.pages[i].live++
	t.live++
	return slot
}

func (t *table) remove(ord uint64) {
	*t.mutable(ord) = record{}
	i := (ord - 1) / pageSize
	t.live--
	if t.pages[i].live--; t.pages[i].live == 0 {
		t.pages[i] = nil
	}
}

// share returns the pages as they are now; later writes copy them first.
func (t *table) share() table {
	c := table{pages: append([]*page(nil), t.pages...), epoch: t.epoch, live: t.live}
	t.epoch++
	return c
}

// each calls f in order of creation until it returns false.
func (t *table) each(f func(ord uint64, r *record) bool) {
	for i := range t.pages {
		if !t.eachIn(i, f) {
			return
		}
	}
}

func (t *table) eachIn(i int, f func(ord uint64, r *record) bool) bool {
	p := t.pages[i]
	if p == nil {
		return true
	}
	for j := range p.records {
		// f may copy the page: read the record through the table's own pointer.
		r := &t.pages[i].records[j]
		if r.config != nil && !f(uint64(i)*pageSize+uint64(j)+1, r) {
			return false
		}
	}
	return true
}

// eachNewest calls f from the newest to the oldest below before (0: all).
func (t *table) eachNewest(before uint64, f func(ord uint64, r *record) bool) {
	top := uint64(len(t.pages)) * pageSize
	if before > 0 && before-1 < top {
		top = before - 1
	}
	for ord := top; ord > 0; ord-- {
		if r := t.get(ord); r != nil && !f(ord, r) {
			return
		}
	}
}
