package roster

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// State of a heartbeat as the pages tell it, the worst first.
type State uint8

const (
	Failing State = iota
	Late          // past due, and not yet past its grace
	Up
	New // no ping came yet
	Paused
)

// Words are those of the states, in their order.
var Words = [...]string{Failing: "failing", Late: "late", Up: "up", New: "new", Paused: "paused"}

// String is its word.
func (s State) String() string { return Words[s] }

// ParseState reads what String writes.
func ParseState(word string) (State, bool) {
	i := slices.Index(Words[:], word)
	return State(max(i, 0)), i >= 0
}

// At judges what a row says at now; all times are Unix milliseconds, 0 for none.
func At(status fsm.Status, lastPing, due, now int64) State {
	switch {
	case status == fsm.StatusPaused:
		return Paused
	case status == fsm.StatusFailing:
		return Failing
	case due != 0 && now > due:
		return Late
	case lastPing == 0:
		return New
	}
	return Up
}

// Of is the state of a heartbeat as it is now.
func Of(h fsm.Heartbeat, now time.Time) State {
	due, last := int64(0), int64(0)
	if !h.NextDue.IsZero() {
		due = h.NextDue.UnixMilli()
	}
	if !h.LastPing.IsZero() {
		last = h.LastPing.UnixMilli()
	}
	return At(h.Status, last, due, now.UnixMilli())
}
