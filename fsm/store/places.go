package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// place is where a row stands, and so who has to see to it next. It is derived
// from the row and from the one that has to settle before it.
type place uint8

const (
	placeSettled place = iota
	placeCarried       // in a digest, which stands for it
	placeHands         // claimed or fenced: with a sender
	placeBlocked       // what has to settle before it has not
	placeDesk          // it needs a place in its recipient's burst, or a digest
	placeQueue         // it needs nothing but its time: a digest, or one more attempt
)

// places holds the rows by their place, each kind in the order in which it is
// asked for.
type places struct {
	settled ordered.Set[rowKey]
	open    ordered.Set[rowKey] // all but the settled and the carried
	carried int
	hands   ordered.Set[rowKey]
	blocked int
	queue   ordered.Set[rowKey] // by readyAt
	desks   desks
}

func newPlaces() places {
	return places{desks: newDesks()}
}

func (l *ledger) placeOf(r *row) place {
	switch {
	case r.state.Settled():
		return placeSettled
	case r.digest != (fsm.AlertID{}):
		return placeCarried
	case r.state != fsm.AlertPending:
		return placeHands
	case l.waits(r):
		return placeBlocked
	case !r.counted && r.kind != fsm.AlertDigest:
		return placeDesk
	}
	return placeQueue
}

// readyAt orders the queue and the desks: by the time from which a row may be claimed.
func (r *row) readyAt() rowKey { return rowKey{max(r.notBefore, r.due), r.turn(), r.id} }

// enter puts a row in its place.
func (l *ledger) enter(r *row) {
	r.place = l.placeOf(r)
	l.put(r)
	if r.place.open() {
		l.open.Add(r.key())
	}
}

// leave takes a row out of its place.
func (l *ledger) leave(r *row) {
	l.take(r)
	if r.place.open() {
		l.open.Remove(r.key())
	}
}

// replace puts a row where its older self was, or elsewhere.
func (l *ledger) replace(old, r *row) {
	l.rows[r.id] = r
	r.place = l.placeOf(r)
	if r.place == old.place && r.readyAt() == old.readyAt() {
		return
	}
	l.take(old)
	l.put(r)
	switch {
	case old.place.open() && !r.place.open():
		l.open.Remove(r.key())
	case r.place.open() && !old.place.open():
		l.open.Add(r.key())
	}
}

func (p place) open() bool { return p != placeSettled && p != placeCarried }

func (l *ledger) put(r *row) {
	switch r.place {
	case placeSettled:
		l.settled.Add(r.key())
	case placeCarried:
		l.carried++
	case placeHands:
		l.hands.Add(r.key())
	case placeBlocked:
		l.blocked++
	case placeDesk:
		l.desks.add(r)
	case placeQueue:
		l.queue.Add(r.readyAt())
	}
}

func (l *ledger) take(r *row) {
	switch r.place {
	case placeSettled:
		l.settled.Remove(r.key())
	case placeCarried:
		l.carried--
	case placeHands:
		l.hands.Remove(r.key())
	case placeBlocked:
		l.blocked--
	case placeDesk:
		l.desks.remove(r)
	case placeQueue:
		l.queue.Remove(r.readyAt())
	}
}

// recheck moves the rows that wait for one, which has just settled or is to be sent
// once more.
func (l *ledger) recheck(x *row) {
	if x.ord == 0 {
		return
	}
	for _, k := range l.byHeart[x.heartbeat] {
		if old := l.rows[k.id]; old.after == x.id {
			r := *old
			l.replace(old, &r)
		}
	}
}
