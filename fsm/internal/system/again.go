package system

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// OpenRecord returns what stands for a heartbeat of a subject whose incident goes on, as a copy; nil if none does.
func (t *Table) OpenRecord(id fsm.HeartbeatID) *table.Record {
	s := t.subjects[id]
	if !s.open {
		return nil
	}
	return s.heartbeat()
}

// NextTell returns the subject whose incident is to be told again first, and that serving time, if it is not after one.
func (t *Table) NextTell(until int64) (r *table.Record, due int64) {
	if t.Next == 0 || t.Next > until {
		return nil, 0
	}
	for _, s := range t.inOrder() {
		if s.tell == t.Next {
			return s.heartbeat(), s.tell
		}
	}
	return nil, 0
}

// PlanTell notes when the incident of a subject is told again; 0: never.
func (t *Table) PlanTell(id fsm.HeartbeatID, at int64) {
	s, known := t.subjects[id]
	if !known {
		return
	}
	s.tell = at
	t.put(s)
	t.Next = 0
	for _, s := range t.subjects {
		if s.tell > 0 && (t.Next == 0 || s.tell < t.Next) {
			t.Next = s.tell
		}
	}
}

// Complete notes of a table that was read when its incidents are told again. One that goes on and is not kept so, which no
// version writes, is kept from a serving time on: whatever loads must bear what people say of it.
func (t *Table) Complete(log *incident.Log, serving int64) {
	for _, s := range t.inOrder() {
		if !s.open {
			continue
		}
		if !log.GoesOn(s.ref()) {
			log.Add(s.record(serving))
		}
		t.PlanTell(s.ID(), log.Get(s.ref()).Tell)
	}
}

// ReminderEvidence is what the n-th reminder tells of the incident that goes on of a subject.
func (t *Table) ReminderEvidence(id fsm.HeartbeatID, n, wall int64, acts []story.Event) fsm.Evidence {
	s := t.subjects[id]
	e := s.evidence()
	e.Reminder, e.Down, e.Acts = n, lasted(s.since, wall), acts
	return e
}
