package store

import (
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
)

// table holds the heartbeats by ordinal, in pages that are shared with snapshots
// and copied on the first write while one still needs them. Ordinals are never
// used again.
type table struct {
	pages    []*page
	epoch    uint64 // counts snapshots
	shares   []*share
	live     int
	bodies   int // bytes of all heartbeats' bodies; derived
	most     int // that they may be
	history  history.Writer
	onlyPost *index.OrdinalSet // heartbeats with Methods; derived
	trip     func()            // for tests only: called at each write and after each command, and may panic
}

// at returns the page and place of an ordinal, nil if there is no such heartbeat.
// Ordinals start at 1.
func (t *table) at(ord uint64) (*page, int) {
	i := (ord - 1) / pageSize
	if ord == 0 || i >= uint64(len(t.pages)) || t.pages[i] == nil {
		return nil, 0
	}
	p, slot := t.pages[i], int((ord-1)%pageSize)
	if !p.vitals[slot].is(flagLive) {
		return nil, 0
	}
	return p, slot
}

// has reports whether there is a heartbeat of an ordinal.
func (t *table) has(ord uint64) bool {
	p, _ := t.at(ord)
	return p != nil
}

// get returns a heartbeat for reading, nil if there is none.
func (t *table) get(ord uint64) *vitals {
	p, slot := t.at(ord)
	if p == nil {
		return nil
	}
	return &p.vitals[slot]
}

// record returns a heartbeat for reading; there must be one.
func (t *table) record(ord uint64) *record {
	p, slot := t.at(ord)
	return p.record(slot, ord)
}

// own returns the page and place of a heartbeat for writing; they are good until
// the next snapshot.
func (t *table) own(ord uint64) (*page, int) {
	if t.trip != nil {
		t.trip()
	}
	i := (ord - 1) / pageSize
	p := t.pages[i]
	if p.epoch != t.epoch {
		if t.shared(p, int(i)) {
			c := *p
			if c.extras != nil {
				shared := *c.extras
				c.extras = &shared
			}
			p = &c
			t.pages[i] = p
		}
		p.epoch = t.epoch
	}
	return p, int((ord - 1) % pageSize)
}

// mutable returns a heartbeat for writing.
func (t *table) mutable(ord uint64) *vitals {
	p, slot := t.own(ord)
	return &p.vitals[slot]
}

// open returns a heartbeat for writing, with its config. A new config takes
// effect by configure.
func (t *table) open(ord uint64) *record {
	p, slot := t.own(ord)
	r := p.record(slot, ord)
	if r.extras != nil {
		r.extras = t.ownExtras(ord)
	}
	return r
}

// configure gives an open record's heartbeat the record's config.
func (t *table) configure(r *record) {
	p, slot := t.own(r.ord)
	r.setConfig(&r.config)
	t.onlyPost.Put(r.ord, r.is(flagOnlyPost))
	p.setText(slot, r.config.appendText(nil))
}

// add makes room for a heartbeat.
func (t *table) add(ord uint64, c config) *record {
	i := (ord - 1) / pageSize
	if i >= uint64(len(t.pages)) || t.pages[i] == nil {
		t.put(i, &page{epoch: t.epoch})
	}
	p, slot := t.own(ord)
	r := &record{vitals: &p.vitals[slot], hist: p.hist.Head(slot), ord: ord, config: c}
	r.set(flagLive)
	t.configure(r)
	t.pages[i].live++
	t.live++
	return r
}

// put puts a page in its place.
func (t *table) put(i uint64, p *page) {
	for uint64(len(t.pages)) <= i {
		t.pages = append(t.pages, nil)
	}
	t.pages[i] = p
}

func (t *table) remove(ord uint64) {
	p, slot := t.own(ord)
	p.vitals[slot] = vitals{}
	t.onlyPost.Put(ord, false)
	if x := p.extrasOf(slot); x != nil {
		t.bodies -= x.size
		p.extras[slot] = nil
	}
	p.hist.Drop(slot)
	t.live--
	if p.live--; p.live == 0 {
		t.pages[(ord-1)/pageSize] = nil
	}
}

// eachNewest calls f from the newest to the oldest below before (0: all) until it
// returns false.
func (t *table) eachNewest(before uint64, f func(ord uint64, p *page, slot int) bool) {
	top := uint64(len(t.pages)) * pageSize
	if before > 0 && before-1 < top {
		top = before - 1
	}
	for ord := top; ord > 0; ord-- {
		if p, slot := t.at(ord); p != nil && !f(ord, p, slot) {
			return
		}
	}
}

// forget drops what the histories hold beyond the limit.
func (t *table) forget(limit int) {
	for i, p := range t.pages {
		if p == nil {
			continue
		}
		p, _ = t.own(uint64(i)*pageSize + 1)
		p.hist.Limit(limit)
		for slot := range p.vitals {
			if p.extrasOf(slot) != nil {
				x := t.ownExtras(uint64(i)*pageSize + uint64(slot) + 1)
				t.counted(x, func() { x.prune(p.vitals[slot].pings - uint64(p.hist.Head(slot).Kept)) })
			}
		}
	}
}
