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
