package ledger

import (
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// lane holds what waits for one sender: all mail, or one channel. So a channel that takes
// nothing is in nobody's way.
type lane struct {
	ready  ordered.Set[Key] // by readyAt
	queues queues
}

// emptyLane stands for those in which nothing waits. Nobody writes to it.
var emptyLane lane

// laneName returns the name of a recipient's lane: the channel's ID, or "" for mail.
func laneName(recipient string) string {
	if _, ok := fsm.ChannelOf(recipient); ok {
		return recipient
	}
	return ""
}

// laneOf returns the lane of a row, which it makes if there is none.
func (l *Ledger) laneOf(r *Row) *lane {
	name := laneName(r.Recipient)
	x := l.lanes[name]
	if x == nil {
		x = &lane{queues: newQueues()}
		l.lanes[name] = x
	}
	return x
}

func (x *lane) isEmpty() bool { return x.ready.Len() == 0 && len(x.queues.byRecipient) == 0 }

func (l *Ledger) dropIfEmpty(r *Row) {
	if name := laneName(r.Recipient); l.lanes[name].isEmpty() {
		delete(l.lanes, name)
	}
}

// Lanes returns the names of the channels for which anything waits or is in flight, in
// order. Mail is not among them.
func (l *Ledger) Lanes() []string {
	names := map[string]struct{}{}
	for name := range l.lanes {
		names[name] = struct{}{}
	}
	for k := range l.inFlight.All() {
		names[laneName(l.Rows[k.id].Recipient)] = struct{}{}
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names))
}

// RefusedUntil returns the serving time until which whoever takes the rows of a lane asked to be left alone when it last
// refused one that still waits; 0: it did not.
func (l *Ledger) RefusedUntil(name string) (until int64) {
	x := l.lanes[name]
	if x == nil {
		return 0
	}
	for k := range x.ready.All() {
		if r := l.Rows[k.id]; r.refused > 0 {
			until = max(until, r.NotBefore)
		}
	}
	return until
}

// queue holds the rows of one recipient that wait for a place in the burst.
type queue struct {
	to        string
	singles   ordered.Set[Key]
	unheard   ordered.Set[Key] // unheard notices, which get a digest of their own
	agendaKey Key              // its key in the agenda, if it is there
	isStale   bool             // agendaKey has to be computed again
}

// queues holds a queue for each recipient for whom anything waits, and the agenda: the
// queues in the order in which they next have work.
type queues struct {
	byRecipient map[string]*queue
	agenda      ordered.Set[Key] // by the time of the next work; the ID is of a row in the queue
	stale       map[*queue]struct{}
	burst       int   // the settings that the agenda was made with
	wait        int64 //
}

func newQueues() queues {
	return queues{byRecipient: map[string]*queue{}, stale: map[*queue]struct{}{}}
}

func (x *queues) addRow(r *Row) {
	d := x.byRecipient[r.Recipient]
	if d == nil {
		d = &queue{to: r.Recipient}
		x.byRecipient[d.to] = d
	}
	r.Recipient = d.to // all rows of a recipient share the string
	d.rowsLike(r).Add(r.readyAt())
	x.markChanged(d)
}

func (x *queues) removeRow(r *Row) {
	d := x.byRecipient[r.Recipient]
	d.rowsLike(r).Remove(r.readyAt())
	if d.singles.Len()+d.unheard.Len() > 0 {
		x.markChanged(d)
		return
	}
	x.agenda.Remove(d.agendaKey)
	delete(x.stale, d)
	delete(x.byRecipient, d.to)
}

func (d *queue) rowsLike(r *Row) *ordered.Set[Key] {
	if r.Kind == fsm.AlertUnheard {
		return &d.unheard
	}
	return &d.singles
}

// markChanged has a queue's time computed again. A queue's window changes only when a row
// leaves the queue, so this is called then, too.
func (x *queues) markChanged(d *queue) {
	if !d.isStale {
		d.isStale = true
		x.stale[d] = struct{}{}
	}
}

// updateAgenda computes the times again of the queues that have changed, or of all if the
// settings have.
func (now Now) updateAgenda(x *queues) {
	if x.burst != now.Settings.Burst || x.wait != now.Settings.GroupWait {
		x.burst, x.wait = now.Settings.Burst, now.Settings.GroupWait
		for _, d := range x.byRecipient {
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

// timeOf returns the key that a queue has in the agenda: the time from which its first
// row may be sent, which for most is in the past.
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

// unheardPatience bounds the wait of the first unheard notice, in group waits, while
// others keep joining it.
const unheardPatience = 30

// unheardAt returns when a queue's unheard notices may be sent: once none has joined them
// for the group wait. After an outage they come one by one, each when its own job's miss
// is due, and they should be told together.
func (now Now) unheardAt(d *queue) int64 {
	wait := now.Settings.GroupWait
	first, _ := d.unheard.First()
	last, _ := d.unheard.Last()
	return min(last.due+wait, first.due+unheardPatience*wait)
}
