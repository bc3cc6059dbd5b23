package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// desk is what waits for one recipient's burst.
type desk struct {
	to      string
	singles ordered.Set[rowKey]
	unheard ordered.Set[rowKey] // waits for a digest of its own kind
	at      rowKey              // its place in the agenda, if it has one
	stale   bool                // its place in the agenda is not what it should be
}

// desks holds a desk for each recipient of whom anything waits, and the agenda: the
// order in which they can have something to be done.
type desks struct {
	by     map[string]*desk
	agenda ordered.Set[rowKey] // by the time from which there may be something to do; the ID is of a row that waits there
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
	d.list(r).Add(r.readyAt())
	x.touch(d)
}

func (x *desks) remove(r *row) {
	d := x.by[r.recipient]
	d.list(r).Remove(r.readyAt())
	if d.singles.Len()+d.unheard.Len() > 0 {
		x.touch(d)
		return
	}
	x.agenda.Remove(d.at)
	delete(x.stale, d)
	delete(x.by, d.to)
}

func (d *desk) list(r *row) *ordered.Set[rowKey] {
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
		x.agenda.Remove(d.at)
		d.at = st.appointment(d)
		x.agenda.Add(d.at)
		d.stale = false
	}
	clear(x.stale)
}

// appointment is when there can first be something to do at a desk: from when its
// first row may go out, which for most is in the past.
func (st *state) appointment(d *desk) rowKey {
	single, some := d.singles.First()
	if b := st.burst(d.to); b.left == 0 {
		single.due = max(single.due, b.until)
	}
	unheard, any := d.unheard.First()
	if any && st.settings.GroupWait > 0 {
		unheard.due = st.unheardAt(d)
	}
	if !any || some && single.Compare(unheard) < 0 {
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
	first, _ := d.unheard.First()
	last, _ := d.unheard.Last()
	return min(last.due+wait, first.due+unheardPatience*wait)
}
