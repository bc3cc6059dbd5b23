package commit

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	bodyBudgetBytes  = 64 << 10 // that a heartbeat's bodies may take at once; as much comes back within bodyBudgetRefill
	bodyBudgetRefill = time.Minute
	failureReserve   = 2 * fsm.MaxBody // of it: only a failure that opens an incident may take it
)

// bodyBudget bounds what the bodies of each heartbeat's pings add to the log. The
// leader keeps it, so that it does not grow with the number of nodes; a new leader
// begins with full budgets. It is for one goroutine.
//
// A budget that was not used for bodyBudgetRefill is full again and need not be
// kept: so two generations hold only the heartbeats that sent bodies of late.
type bodyBudget struct {
	recent, older map[uint64]bodyLevel
	turnedAt      time.Time
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
	b.recent[ordinal] = bodyLevel{left - size, now}
	return true
}

func (b *bodyBudget) left(ordinal uint64, now time.Time) int {
	if b.recent == nil || now.Sub(b.turnedAt) > bodyBudgetRefill {
		b.older, b.recent, b.turnedAt = b.recent, map[uint64]bodyLevel{}, now
	}
	level, ok := b.recent[ordinal]
	if !ok {
		level, ok = b.older[ordinal]
	}
	idle := now.Sub(level.at)
	if !ok || idle >= bodyBudgetRefill {
		return bodyBudgetBytes
	}
	return min(bodyBudgetBytes, level.left+int(bodyBudgetBytes*idle/bodyBudgetRefill))
}

// trimBody returns a signal without its body, and why; "" if it keeps the body.
func (b *Batcher) trimBody(cmd []byte, now time.Time) ([]byte, string) {
	switch fsm.Kind(cmd[0]) {
	case fsm.KindSignal, fsm.KindHeldSignal, fsm.KindNumbersSignal, fsm.KindAuthorized:
	default:
		return cmd, ""
	}
	c, err := fsm.DecodeCommand(cmd)
	if err != nil {
		return cmd, ""
	}
	s, ok := SignalOf(c)
	if !ok || len(s.Body) == 0 {
		return cmd, ""
	}
	reason := b.opt.Shortage()
	if reason == "" && !b.affordsBody(s, now) {
		reason = ShedBudget
	}
	if reason == "" {
		return cmd, ""
	}
	return fsm.AppendCommand(nil, WithoutBody(c)), reason
}

// affordsBody takes a body from its heartbeat's budget. A failure that opens an incident
// may use the reserve, because somebody reads its mail.
func (b *Batcher) affordsBody(s fsm.Signal, now time.Time) bool {
	if b.bodies.allow(s.Ordinal, len(s.Body), failureReserve, now) {
		return true
	}
	return s.Tells == fsm.SignalFail && !b.opt.FailureTold(s.Ordinal) && b.bodies.allow(s.Ordinal, len(s.Body), 0, now)
}

// RefillBodyBudgets makes all budgets full, as they are on a new leader. Tests use it to
// skip a minute.
func (b *Batcher) RefillBodyBudgets() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bodies = bodyBudget{}
}

// SignalOf returns the signal that a command is, with or without a key.
func SignalOf(cmd fsm.Command) (fsm.Signal, bool) {
	if a, ok := cmd.(fsm.Authorized); ok {
		cmd = a.Command
	}
	s, ok := cmd.(fsm.Signal)
	return s, ok
}

// WithoutBody returns the same command without its signal's body.
func WithoutBody(cmd fsm.Command) fsm.Command {
	switch c := cmd.(type) {
	case fsm.Authorized:
		c.Command = WithoutBody(c.Command)
		return c
	case fsm.Signal:
		return c.WithoutBody()
	}
	return cmd
}

// Why a node left something out or refused it: the label of a metric.
const (
	ShedBudget = "body_budget" // a body: its heartbeat had sent enough of them
	ShedMemory = "body_memory" // a body: too much waits at this node
	ShedDisk   = "body_disk"   // a body: a node's disk is below its reserve
	ShedLog    = "body_log"    // a body: the log grows faster than snapshots are written

	ShedRequest = "request_disk" // a ping or another command: the disk is nearly full
)
