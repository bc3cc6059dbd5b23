package fsm

// Images of version 1 held every field in full, and histories as differences.

// readHeartbeatsV1 reads the heartbeats of an image of version 1.
func (st *state) readHeartbeatsV1(r *imageReader) {
	n := r.count()
	f := newFiller(st, n)
	for ; n > 0 && r.err == nil; n-- {
		ord := r.uint()
		var h restored
		h.readV1(r)
		h.guessIncident()
		if r.err == nil && !f.add(ord, &h) {
			r.fail()
		}
	}
	f.flush()
}

func (h *restored) readV1(r *imageReader) {
	c := &h.config
	r.raw(c.id[:])
	r.raw(c.token[:])
	c.spec = Spec{
		Name: r.str(), Slug: r.str(), Interval: r.int(), Grace: r.int(), Threshold: r.count(),
		Arm: Arm(r.str()), Tags: r.strs(), Emails: r.strs(),
	}
	c.created, c.updated, c.version = r.int(), r.int(), r.uint()
	if r.err != nil || c.spec.Validate() != nil {
		r.fail()
		return
	}
	const flagsV1 = flagFrom<<1 - 1
	h.flags = flags(r.byte())
	if h.flags&^flagsV1 != 0 {
		r.fail()
	}
	h.setConfig(c)
	h.text = c.appendText(nil)
	h.incident = r.uint32()
	h.anchor, h.anchorWall, h.base, h.misses = r.int(), r.int(), r.int(), r.int()
	h.missed, h.pings, h.lastPing = r.uint32(), r.uint(), r.int()
	if h.is(flagFrom) {
		var unused [16]byte
		r.raw(unused[:])
	}
	h.clear(flagFrom)
	h.lastAlert = r.int()
	h.readHistoryV1(r)
}

// readHistoryV1 reads a history as version 1 kept it: a uvarint for each entry,
// zigzag(ms since the entry before) << 1, of which the first does not count.
func (h *restored) readHistoryV1(r *imageReader) {
	n, at, newest := r.count(), r.int(), r.int()
	in := reader{b: r.bytes()}
	for i := 0; i < n && in.err == nil; i++ {
		e := in.uint()
		if e&1 != 0 {
			in.fail()
		}
		step := unzigzag(e >> 1)
		if i == 0 {
			step = 0
		}
		at += step
		h.entries = appendEntry(h.entries, step-h.step, nil)
		h.newest, h.step = at, step
	}
	h.kept = uint32(n)
	if in.end() != nil || h.newest != newest {
		r.fail()
	}
}
