package incident

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Position returns the place of an incident in a listing, nil for none; false if it is not kept.
func (l *Log) Position(ref *fsm.IncidentRef) (*Key, bool) {
	if ref == nil {
		return nil, true
	}
	x := l.records[*ref]
	if x == nil {
		return nil, false
	}
	k := x.key()
	return &k, true
}

// Page passes f the incidents before a position, newest first, at most so many, until f says that
// it has enough. more tells that there may be more after last, the one that it came to.
func (l *Log) Page(before *Key, most int, f func(x *Record) bool) (last *Key, more bool) {
	var at Key
	for k := range l.order.Before(before) {
		if most--; most < 0 {
			return &at, true
		}
		at = k
		if !f(l.records[k.ref]) {
			return nil, false
		}
	}
	return nil, false
}

// Of returns the incidents of a heartbeat, newest first.
func (l *Log) Of(hb fsm.HeartbeatID) []*Record {
	list := slices.Clone(l.byHeartbeat[hb])
	slices.Reverse(list)
	return list
}
