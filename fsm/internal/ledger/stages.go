package ledger

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// stage is where a row stands, and so who has to see to it next. It is derived
// from the row and from the one that has to settle before it.
type stage uint8

const (
	settled  stage = iota
	carried        // in a digest, which stands for it
	inFlight       // claimed or fenced: with a sender
	blocked        // what has to settle before it has not
	queued         // it needs a place in its recipient's burst, or a digest
	ready          // it needs nothing but its time: a digest, or one more attempt
)

// stages holds the rows by their place, each kind in the order in which it is
// asked for.
type stages struct {
	settled  ordered.Set[Key]
	open     ordered.Set[Key] // all but the settled and the carried
	carried  int
	inFlight ordered.Set[Key]
	blocked  int
	ready    ordered.Set[Key] // by readyAt
	queues   queues
}

func newStages() stages {
	return stages{queues: newQueues()}
}

func (l *Ledger) stageOf(r *Row) stage {
	switch {
	case r.State.Settled():
		return settled
	case r.Digest != (fsm.AlertID{}):
		return carried
	case r.State != fsm.AlertPending:
		return inFlight
	case l.isBlocked(r):
		return blocked
	case !r.counted && r.Kind != fsm.AlertDigest:
		return queued
	}
	return ready
}

// readyAt orders the queue and the desks: by the time from which a row may be claimed.
func (r *Row) readyAt() Key { return Key{max(r.NotBefore, r.Due), r.turn(), r.Id} }

// enterStage puts a row in its place.
func (l *Ledger) enterStage(r *Row) {
	r.stage = l.stageOf(r)
	l.putInStage(r)
	if r.stage.isOpen() {
		l.open.Add(r.key())
	}
}

// leaveStage takes a row out of its place.
func (l *Ledger) leaveStage(r *Row) {
	l.takeFromStage(r)
	if r.stage.isOpen() {
		l.open.Remove(r.key())
	}
}

// replace puts a row where its older self was, or elsewhere.
func (l *Ledger) replace(old, r *Row) {
	l.Rows[r.Id] = r
	r.stage = l.stageOf(r)
	if r.stage == old.stage && r.readyAt() == old.readyAt() {
		return
	}
	l.takeFromStage(old)
	l.putInStage(r)
	switch {
	case old.stage.isOpen() && !r.stage.isOpen():
		l.open.Remove(r.key())
	case r.stage.isOpen() && !old.stage.isOpen():
		l.open.Add(r.key())
	}
}

func (p stage) isOpen() bool { return p != settled && p != carried }

func (l *Ledger) putInStage(r *Row) {
	switch r.stage {
	case settled:
		l.settled.Add(r.key())
	case carried:
		l.carried++
	case inFlight:
		l.inFlight.Add(r.key())
	case blocked:
		l.blocked++
	case queued:
		l.queues.add(r)
	case ready:
		l.ready.Add(r.readyAt())
	}
}

func (l *Ledger) takeFromStage(r *Row) {
	switch r.stage {
	case settled:
		l.settled.Remove(r.key())
	case carried:
		l.carried--
	case inFlight:
		l.inFlight.Remove(r.key())
	case blocked:
		l.blocked--
	case queued:
		l.queues.remove(r)
	case ready:
		l.ready.Remove(r.readyAt())
	}
}

// recheckWaiting moves the rows that wait for one, which has just settled or is to be sent
// once more.
func (l *Ledger) recheckWaiting(x *Row) {
	if x.ordinal == 0 {
		return
	}
	for _, k := range l.byHeartbeat[x.Heartbeat] {
		if old := l.Rows[k.id]; old.after == x.Id {
			r := *old
			l.replace(old, &r)
		}
	}
}
