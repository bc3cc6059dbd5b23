package cluster

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	bodyBudgetBytes  = 64 << 10 // that a heartbeat's bodies may take at once; as much comes back within bodyBudgetRefill
	bodyBudgetRefill = time.Minute
	failureReserve   = 2 * fsm.MaxBody // of it only a failure that is told in a mail may take
)

// bodyBudget bounds what the bodies of each heartbeat's pings add to the log. The
// leader keeps it, so that it does not grow with the number of nodes; a new leader
// begins with full budgets. It is for one goroutine.
//
// A budget that was not used for bodyBudgetRefill is full again and need not be
// kept: so two generations hold only the heartbeats that sent bodies of late.
type bodyBudget struct {
	now, before map[uint64]bodyLevel
	turned      time.Time
}

// bodyLevel is what was left of a budget at a time.
type bodyLevel struct {
	left int
	at   time.Time
}

// allow takes a body of size bytes from a heartbeat's budget, if that leaves at
// least reserve.
func (b *bodyBudget) allow(ordinal uint64, size, reserve int, now time.Time) bool {
	left := b.left(ordinal, now)
	if left-size < reserve {
		return false
	}
	b.now[ordinal] = bodyLevel{left - size, now}
	return true
}

func (b *bodyBudget) left(ordinal uint64, now time.Time) int {
	if b.now == nil || now.Sub(b.turned) > bodyBudgetRefill {
		b.before, b.now, b.turned = b.now, map[uint64]bodyLevel{}, now
	}
	level, ok := b.now[ordinal]
	if !ok {
		level, ok = b.before[ordinal]
	}
	idle := now.Sub(level.at)
	if !ok || idle >= bodyBudgetRefill {
		return bodyBudgetBytes
	}
	return min(bodyBudgetBytes, level.left+int(bodyBudgetBytes*idle/bodyBudgetRefill))
}

// trimBodies takes the bodies out of a batch that exceed their heartbeats' budgets, or
// all if there is no room for any.
func (b *batcher) trimBodies(d *draft, now time.Time) {
	for i := range d.batch.Items {
		it := &d.batch.Items[i]
		if cmd, reason := b.trimmed(it.Cmd, now); reason != "" {
			d.bytes -= len(it.Cmd) - len(cmd)
			it.Cmd = cmd
			b.met.shedOne(reason)
		}
	}
}

// trimmed returns a signal without its body and why, "" if it may keep that.
func (b *batcher) trimmed(cmd []byte, now time.Time) ([]byte, string) {
	switch fsm.Kind(cmd[0]) {
	case fsm.KindSignal, fsm.KindHeldSignal, fsm.KindAuthorized:
	default:
		return cmd, ""
	}
	c, err := fsm.DecodeCommand(cmd)
	if err != nil {
		return cmd, ""
	}
	s, ok := signalOf(c)
	if !ok || len(s.Body) == 0 {
		return cmd, ""
	}
	reason := b.short()
	if reason == "" && !b.affords(s, now) {
		reason = shedBudget
	}
	if reason == "" {
		return cmd, ""
	}
	return fsm.AppendCommand(nil, bodiless(c)), reason
}

// affords takes a body from its heartbeat's budget. A failure that is told may use what
// others must leave: its mail is the one that somebody reads.
func (b *batcher) affords(s fsm.Signal, now time.Time) bool {
	if b.bodies.allow(s.Ordinal, len(s.Body), failureReserve, now) {
		return true
	}
	return s.Tells == fsm.SignalFail && !b.told(s.Ordinal) && b.bodies.allow(s.Ordinal, len(s.Body), 0, now)
}
