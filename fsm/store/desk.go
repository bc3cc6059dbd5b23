package store

import "github.com/quorumbeat/quorumbeat/fsm"

// desk is what waits for one recipient's burst.
type desk struct {
	to      string
	singles keyList
	unheard keyList // waits for a digest of its own kind
	at      rowKey  // its place in the agenda, if it has one
	stale   bool    // its place in the agenda is not what it should be
}

// desks holds a desk for each recipient of whom anything waits, and the agenda: the
// order in which they can have something to be done.
type desks struct {
	by     map[string]*desk
	agenda keyList // by the time from which there may be something to do; the ID is of a row that waits there
	stale  map[*desk]struct{}
	burst  int   // settings for which the agenda holds
	wait   int64 //
}

func newDesks() desks { return desks{by: map[string]*desk{}, stale: map[*desk]struct{}{}} }

func (x *desks) add(r *row) {
	d := x.by[r.recipient]
	if d == nil {
		d = &desk{to: r.recipient}
		x.by[d.to] = d
	}
	r.recipient = d.to // the same memory for all of them
	d.list(r).add(r.readyAt())
	x.touch(d)
}

func (x *desks) remove(r *row) {
	d := x.by[r.recipient]
	d.list(r).remove(r.readyAt())
	if d.singles.n+d.unheard.n > 0 {
		x.touch(d)
		return
	}
	x.agenda.remove(d.at)
	delete(x.stale, d)
	delete(x.by, d.to)
}

func (d *desk) list(r *row) *keyList {
	if r.kind == fsm.AlertUnheard {
		return &d.unheard
	}
	return &d.singles
}

// touch notes that something changed at a desk. Its window changes only when a row
// leaves it.
func (x *desks) touch(d *desk) {
	if !d.stale {
		d.stale = true
		x.stale[d] = struct{}{}
	}
}

// fileDesks brings the agenda up to date.
func (st *state) fileDesks() {
	x := &st.ledger.desks
	if x.burst != st.settings.Burst || x.wait != st.settings.GroupWait {
		x.burst, x.wait = st.settings.Burst, st.settings.GroupWait
		for _, d := range x.by {
			x.touch(d)
		}
	}
	for d := range x.stale {
		x.agenda.remove(d.at)
		d.at = st.appointment(d)
		x.agenda.add(d.at)
		d.stale = false
	}
	clear(x.stale)
}

// appointment is when there can first be something to do at a desk: from when its
// first row may go out, which for most is in the past.
func (st *state) appointment(d *desk) rowKey {
	single, some := d.singles.first()
	if b := st.burst(d.to); b.left == 0 {
		single.due = max(single.due, b.until)
	}
	unheard, any := d.unheard.first()
	if any && st.settings.GroupWait > 0 {
		unheard.due = st.unheardAt(d)
	}
	if !any || some && compareKeys(single, unheard) < 0 {
		return single
	}
	return unheard
}

// unheardPatience is how many times the group wait the first unheard job waits for
// others while more of them come to light.
const unheardPatience = 30

// unheardAt is when what was unheard may go out: once nothing has joined it for the
// group wait. After an outage such jobs come to light one after the other, each when
// its own miss is due, and they are one story.
func (st *state) unheardAt(d *desk) int64 {
	wait := st.settings.GroupWait
	first, _ := d.unheard.first()
	last, _ := d.unheard.last()
	return min(last.due+wait, first.due+unheardPatience*wait)
}
