package incident

import (
	"cmp"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// Log holds the incidents.
type Log struct {
	records map[fsm.IncidentRef]*Record

	// Derived.
	byHeartbeat map[fsm.HeartbeatID][]*Record // oldest first; never empty
	order       ordered.Set[Key]              // of all
	over        ordered.Set[Key]              // of those that are over
	size        int                           // of those that are over, bytes
}

// New returns an empty log.
func New() Log {
	return Log{records: map[fsm.IncidentRef]*Record{}, byHeartbeat: map[fsm.HeartbeatID][]*Record{}}
}

// Add adds a record. It takes the place of one of a deleted heartbeat that had the same ID.
func (l *Log) Add(x Record) {
	if old := l.records[x.IncidentRef]; old != nil {
		l.drop(old)
	}
	l.file(&x)
	l.dropOldest(x.Heartbeat)
}

func (l *Log) file(x *Record) {
	l.records[x.IncidentRef] = x
	l.order.Add(x.key())
	list := l.byHeartbeat[x.Heartbeat]
	i, _ := slices.BinarySearchFunc(list, x.Number, func(y *Record, n uint32) int { return cmp.Compare(y.Number, n) })
	l.byHeartbeat[x.Heartbeat] = slices.Insert(list, i, x)
	l.count(x, 1)
}

// count notes that a record came or went, if it is over.
func (l *Log) count(x *Record, n int) {
	if x.End == GoesOn {
		return
	}
	l.size += n * x.size()
	if n > 0 {
		l.over.Add(x.key())
	} else {
		l.over.Remove(x.key())
	}
}

// Get returns an incident; nil if it is not kept.
func (l *Log) Get(ref fsm.IncidentRef) *Record { return l.records[ref] }

// GoesOn reports whether an incident is kept that is not over.
func (l *Log) GoesOn(ref fsm.IncidentRef) bool {
	x := l.records[ref]
	return x != nil && x.End == GoesOn
}

// Newest returns the newest incident of a heartbeat; nil if none is kept.
func (l *Log) Newest(hb fsm.HeartbeatID) *Record {
	list := l.byHeartbeat[hb]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// Change replaces an incident with what f makes of it, if it is kept.
func (l *Log) Change(ref fsm.IncidentRef, f func(x *Record)) {
	old := l.records[ref]
	if old == nil {
		return
	}
	x := *old
	f(&x)
	l.count(old, -1)
	l.records[ref] = &x
	list := l.byHeartbeat[ref.Heartbeat]
	list[slices.Index(list, old)] = &x
	l.count(&x, 1)
	l.dropOldest(ref.Heartbeat)
}

// Tell adds an event to the story of an incident, if that is kept.
func (l *Log) Tell(ref fsm.IncidentRef, e story.Event) {
	l.Change(ref, func(x *Record) { x.Story = x.Story.With(e) })
}

// dropOldest drops the oldest that are over, beyond what is kept of a heartbeat and in all.
func (l *Log) dropOldest(hb fsm.HeartbeatID) {
	list := l.byHeartbeat[hb]
	for i := 0; len(list) > fsm.MaxIncidentsPer && i < len(list)-1; i++ {
		if list[i].End != GoesOn {
			l.drop(list[i])
			list, i = l.byHeartbeat[hb], i-1
		}
	}
	for l.over.Len() > fsm.MaxIncidents || l.size > fsm.MaxIncidentBytes {
		k, ok := l.over.First()
		if !ok {
			return
		}
		l.drop(l.records[k.ref])
	}
}

func (l *Log) drop(x *Record) {
	delete(l.records, x.IncidentRef)
	l.order.Remove(x.key())
	l.count(x, -1)
	list := slices.DeleteFunc(slices.Clone(l.byHeartbeat[x.Heartbeat]), func(y *Record) bool { return y == x })
	if len(list) == 0 {
		delete(l.byHeartbeat, x.Heartbeat)
		return
	}
	l.byHeartbeat[x.Heartbeat] = list
}
