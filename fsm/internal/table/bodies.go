package table

// KeepBody keeps the body of a heartbeat's newest ping. Bodies are bounded for each
// heartbeat and in all. If there is no room, the heartbeat's own older bodies go first,
// and then the oldest ones of the heartbeats after it, in turn: so those who send most
// lose theirs first, and every node drops the same.
func (t *Table) KeepBody(r *Record, text []byte) {
	x := r.Runs
	t.countBodies(x, func() {
		x.addBody(r.Pings, text)
		x.pruneBodies(r.Pings - uint64(r.Head.Kept))
	})
	if len(text) == 0 {
		return
	}
	for t.Bodies > t.MaxBodies && len(x.Bodies) > 1 {
		t.countBodies(x, x.dropOldestBody)
	}
	for ord := r.Ordinal; t.Bodies > t.MaxBodies; {
		if ord = t.nextWithBodies(ord); ord == r.Ordinal {
			return
		}
		y := t.OwnRuns(ord)
		t.countBodies(y, y.dropOldestBody)
	}
}

// countBodies runs f, which changes one heartbeat's bodies, and updates the sum of all.
func (t *Table) countBodies(x *RunState, f func()) {
	before := x.Size
	f()
	t.Bodies += x.Size - before
}

// nextWithBodies returns the next ordinal after ord, in a circle, of a heartbeat that has
// bodies. The heartbeat of ord must have some.
func (t *Table) nextWithBodies(ord uint64) uint64 {
	top := uint64(len(t.pages)) * PageSize
	for at := ord%top + 1; ; at = at%top + 1 {
		p := t.pages[(at-1)/PageSize]
		if p == nil || p.runs == nil {
			at = (at-1)/PageSize*PageSize + PageSize // go on after this page
			continue
		}
		if x := p.runs[(at-1)%PageSize]; x != nil && len(x.Bodies) > 0 {
			return at
		}
	}
}
