package ledger

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// queue is what waits for one recipient's burst.
type queue struct {
	to        string
	singles   ordered.Set[Key]
	unheard   ordered.Set[Key] // waits for a digest of its own kind
	agendaKey Key              // its place in the agenda, if it has one
	isStale   bool             // its place in the agenda is not what it should be
}

// queues holds a desk for each recipient of whom anything waits, and the agenda: the
// order in which they can have something to be done.
type queues struct {
	by     map[string]*queue
	agenda ordered.Set[Key] // by the time from which there may be something to do; the ID is of a row that waits there
	stale  map[*queue]struct{}
	burst  int   // settings for which the agenda holds
	wait   int64 //
}

func newQueues() queues { return queues{by: map[string]*queue{}, stale: map[*queue]struct{}{}} }

func (x *queues) add(r *Row) {
	d := x.by[r.Recipient]
	if d == nil {
		d = &queue{to: r.Recipient}
		x.by[d.to] = d
	}
	r.Recipient = d.to // the same memory for all of them
	d.rowsLike(r).Add(r.readyAt())
	x.markChanged(d)
}

func (x *queues) remove(r *Row) {
	d := x.by[r.Recipient]
	d.rowsLike(r).Remove(r.readyAt())
	if d.singles.Len()+d.unheard.Len() > 0 {
		x.markChanged(d)
		return
	}
	x.agenda.Remove(d.agendaKey)
	delete(x.stale, d)
	delete(x.by, d.to)
}

func (d *queue) rowsLike(r *Row) *ordered.Set[Key] {
	if r.Kind == fsm.AlertUnheard {
		return &d.unheard
	}
	return &d.singles
}

// markChanged notes that something changed at a desk. Its window changes only when a row
// leaves it.
func (x *queues) markChanged(d *queue) {
	if !d.isStale {
		d.isStale = true
		x.stale[d] = struct{}{}
	}
}

// updateAgenda brings the agenda up to date.
func (now Now) updateAgenda() {
	x := &now.queues
	if x.burst != now.Settings.Burst || x.wait != now.Settings.GroupWait {
		x.burst, x.wait = now.Settings.Burst, now.Settings.GroupWait
		for _, d := range x.by {
			x.markChanged(d)
		}
	}
	for d := range x.stale {
		x.agenda.Remove(d.agendaKey)
		d.agendaKey = now.timeOf(d)
		x.agenda.Add(d.agendaKey)
		d.isStale = false
	}
	clear(x.stale)
}

// timeOf is when there can first be something to do at a desk: from when its
// first row may go out, which for most is in the past.
func (now Now) timeOf(d *queue) Key {
	single, some := d.singles.First()
	if b := now.burstOf(d.to); b.left == 0 {
		single.due = max(single.due, b.until)
	}
	unheard, any := d.unheard.First()
	if any && now.Settings.GroupWait > 0 {
		unheard.due = now.unheardAt(d)
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
func (now Now) unheardAt(d *queue) int64 {
	wait := now.Settings.GroupWait
	first, _ := d.unheard.First()
	last, _ := d.unheard.Last()
	return min(last.due+wait, first.due+unheardPatience*wait)
}
