package ledger

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
)

// stage says who has to deal with a row next. It follows from the row and from the one
// that has to settle before it.
type stage uint8

const (
	settled  stage = iota
	carried        // in a digest, which is sent for it
	inFlight       // claimed or fenced: with a sender
	blocked        // the row before it has not settled
	queued         // in its recipient's queue, for a place in the burst or for a digest
	ready          // it waits for its time only: a digest, or one more attempt
	onHold         // somebody holds it back
)

// stages holds the rows by stage, each in the order in which it is read.
type stages struct {
	settled  ordered.Set[Key]
	open     ordered.Set[Key] // all that are neither settled nor carried
	carried  int
	inFlight ordered.Set[Key]
	blocked  int
	onHold   int
	lanes    map[string]*lane
}

func newStages() stages {
	return stages{lanes: map[string]*lane{}}
}

func (l *Ledger) stageOf(r *Row) stage {
	switch {
	case r.isOnHold():
		return onHold
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

// readyAt is a row's key in the ready rows and in the queues: they are ordered by the
// time from which a row may be claimed, unless it turns out that it is deferred.
func (r *Row) readyAt() Key { return Key{max(r.comes(), r.wait), r.turnOf(), r.ID} }

// comes returns the serving time from which a row may be claimed, if nothing defers it.
func (r *Row) comes() int64 { return max(r.NotBefore, r.Due) }

// enterStage files a row that has no stage yet.
func (l *Ledger) enterStage(r *Row) {
	r.stage = l.stageOf(r)
	l.putInStage(r)
	if r.stage.isOpen() {
		l.open.Add(r.orderKey())
	}
}

// leaveStage takes a row out of its stage, for good.
func (l *Ledger) leaveStage(r *Row) {
	l.takeFromStage(r)
	if r.stage.isOpen() {
		l.open.Remove(r.orderKey())
	}
}

// replaceRow puts a changed row into the stage that it has now.
func (l *Ledger) replaceRow(old, r *Row) {
	l.Rows[r.ID] = r
	r.stage = l.stageOf(r)
	if r.stage == old.stage && r.readyAt() == old.readyAt() {
		return
	}
	l.takeFromStage(old)
	l.putInStage(r)
	switch {
	case old.stage.isOpen() && !r.stage.isOpen():
		l.open.Remove(r.orderKey())
	case r.stage.isOpen() && !old.stage.isOpen():
		l.open.Add(r.orderKey())
	}
}

func (p stage) isOpen() bool { return p != settled && p != carried && p != onHold }

func (l *Ledger) putInStage(r *Row) {
	switch r.stage {
	case settled:
		l.settled.Add(r.orderKey())
	case carried:
		l.carried++
	case inFlight:
		l.inFlight.Add(r.orderKey())
	case blocked:
		l.blocked++
	case onHold:
		l.onHold++
	case queued:
		l.laneOf(r).queues.addRow(r)
	case ready:
		l.laneOf(r).ready.Add(r.readyAt())
	}
}

func (l *Ledger) takeFromStage(r *Row) {
	switch r.stage {
	case settled:
		l.settled.Remove(r.orderKey())
	case carried:
		l.carried--
	case inFlight:
		l.inFlight.Remove(r.orderKey())
	case blocked:
		l.blocked--
	case onHold:
		l.onHold--
	case queued:
		l.laneOf(r).queues.removeRow(r)
		l.dropIfEmpty(r)
	case ready:
		l.laneOf(r).ready.Remove(r.readyAt())
		l.dropIfEmpty(r)
	}
}

// recheckWaiting gives the rows that wait for x their stage again: x has just settled, or
// will be sent once more.
func (l *Ledger) recheckWaiting(x *Row) {
	if x.ordinal == 0 {
		return
	}
	for _, k := range l.byHeartbeat[x.Heartbeat] {
		if old := l.Rows[k.id]; old.after == x.ID {
			r := *old
			l.replaceRow(old, &r)
		}
	}
}
