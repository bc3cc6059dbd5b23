package store

// keepBody files the body of a heartbeat's newest ping. Bodies are bounded for each
// heartbeat and in all. When there is no room for it, the heartbeat's own older bodies
// go first, and then the oldest ones of the heartbeats that were created after it, in
// turn: so who sends most pays first, and every node lets go of the same.
func (t *table) keepBody(r *record, text []byte) {
	x := r.extras
	t.counted(x, func() {
		x.keep(r.pings, text)
		x.prune(r.pings - uint64(r.hist.Kept))
	})
	if len(text) == 0 {
		return
	}
	for t.bodies > t.most && len(x.bodies) > 1 {
		t.counted(x, x.drop)
	}
	for ord := r.ord; t.bodies > t.most; {
		if ord = t.nextWithBodies(ord); ord == r.ord {
			return
		}
		y := t.ownExtras(ord)
		t.counted(y, y.drop)
	}
}

// counted keeps the sum of all bodies right while f changes those of one heartbeat.
func (t *table) counted(x *extras, f func()) {
	before := x.size
	f()
	t.bodies += x.size - before
}

// nextWithBodies returns the next ordinal behind ord, round in a circle, of a
// heartbeat that has bodies. The one with ord must have some.
func (t *table) nextWithBodies(ord uint64) uint64 {
	top := uint64(len(t.pages)) * pageSize
	for at := ord%top + 1; ; at = at%top + 1 {
		p := t.pages[(at-1)/pageSize]
		if p == nil || p.extras == nil {
			at = (at-1)/pageSize*pageSize + pageSize // the last of the page
			continue
		}
		if x := p.extras[(at-1)%pageSize]; x != nil && len(x.bodies) > 0 {
			return at
		}
	}
}
