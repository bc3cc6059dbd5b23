package system

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// Table holds the subjects that ever had an incident, the newest of them. The zero Table is empty.
type Table struct {
	subjects map[fsm.HeartbeatID]subject
	serial   uint64 // of the newest subject
	outage   span   // the newest that was told
	outages  uint32 // that were told

	Next int64 // derived, serving: when the first of them is told again, see NextTell; 0: none is
}

// subject is one of them, and its newest incident.
type subject struct {
	fsm.SystemSubject
	serial uint64
	number uint32 // of its newest incident
	open   bool
	name   string // of its node
	detail string // of that incident
	since  int64  // wall: when that began

	flapStart int64 // as of a heartbeat
	flaps     uint32

	tell int64 // derived, serving: when it is told again; 0: never
}

// span is a time by the wall clock.
type span struct{ from, to int64 }

// Env is what the table changes beside itself.
type Env struct {
	Ledger    ledger.Now
	Incidents *incident.Log
	Changed   func(fsm.Change) // is told of incidents that begin and end
	Acts      func(fsm.IncidentRef) []story.Event
}

// Run applies a command.
func (t *Table) Run(c fsm.Command, env Env) fsm.Code {
	switch c := c.(type) {
	case fsm.BeginSystem:
		return t.begin(c, env)
	case fsm.EndSystem:
		return t.end(c, env)
	case fsm.TellOutage:
		return t.tellOutage(c, env)
	case fsm.SendCanary:
		return t.sendCanary(c, env)
	}
	return fsm.CodeInvalid
}

func (t *Table) begin(c fsm.BeginSystem, env Env) fsm.Code {
	if c.Validate() != nil {
		return fsm.CodeInvalid
	}
	id := c.Subject.ID()
	s, known := t.subjects[id]
	if !known && !t.makeRoom(env.Ledger) {
		return fsm.CodeQuota
	}
	if s.open {
		return fsm.CodeOK
	}
	if !known {
		t.serial++
		s = subject{SystemSubject: c.Subject, serial: t.serial}
	}
	s.number, s.open, s.name, s.detail, s.since = s.number+1, true, c.Node, c.Detail, min(c.Since, env.Ledger.Wall)
	x := s.record(env.Ledger.Serving)
	if every := env.Ledger.Settings.RemindEvery; every > 0 {
		x.Tell = max(1, env.Ledger.Serving+every*1000)
	}
	env.Incidents.Add(x)
	env.Changed(fsm.Change{Ordinal: s.ordinal(), ID: id, Incident: s.number, Since: s.since, Reason: x.Reason})
	h := s.heartbeat()
	env.Ledger.WriteAlerts(h, fsm.AlertDown, env.Ledger.Serving, env.Ledger.Wall, s.evidence())
	s.flapStart, s.flaps = h.FlapStart, h.Flaps
	t.put(s)
	t.PlanTell(id, x.Tell)
	return fsm.CodeOK
}

func (t *Table) end(c fsm.EndSystem, env Env) fsm.Code {
	s := t.subjects[c.Subject.ID()]
	switch {
	case c.Validate() != nil:
		return fsm.CodeInvalid
	case !s.open:
		return fsm.CodeOK
	}
	now := env.Ledger
	s.open = false
	t.put(s)
	t.PlanTell(s.ID(), 0)
	env.Changed(fsm.Change{Ordinal: s.ordinal(), ID: s.ID(), Incident: s.number, Since: s.since, Until: now.Wall})
	how, what := incident.Recovered, story.Recovered
	if c.Quiet {
		how, what = incident.Deleted, story.Deleted
	}
	env.Incidents.Change(s.ref(), func(x *incident.Record) {
		x.End, x.Until = how, now.Wall
		x.AckedBy, x.AckedAt, x.Snooze, x.Snoozed, x.Tell = "", 0, 0, 0, 0
		x.Story = x.Story.With(story.Event{At: now.Wall, What: what, Note: c.Detail})
	})
	if c.Quiet {
		now.CancelUnsent(s.heartbeat())
		return fsm.CodeOK
	}
	e := s.evidence()
	e.System.Detail, e.Down, e.Acts = c.Detail, lasted(s.since, now.Wall), env.Acts(s.ref())
	now.WriteRecoveries(s.heartbeat(), e)
	return fsm.CodeOK
}

// tellOutage writes a notice, for an outage is over before it can be told. Each is a subject of its own, which is
// not kept: so a notice that waits is not replaced by that of the next outage.
func (t *Table) tellOutage(c fsm.TellOutage, env Env) fsm.Code {
	if c.Validate() != nil {
		return fsm.CodeInvalid
	}
	if c.From <= t.outage.to && c.To >= t.outage.from {
		t.outage = span{min(c.From, t.outage.from), max(c.To, t.outage.to)}
		return fsm.CodeOK
	}
	t.serial++
	t.outages++
	t.outage = span{c.From, c.To}
	s := subject{
		SystemSubject: fsm.SystemSubject{Kind: fsm.SystemOutage, Part: fsm.WallTime(c.From).UTC().Format(time.RFC3339Nano)},
		serial:        t.serial, number: t.outages, detail: c.Detail, since: c.From,
	}
	x := s.record(env.Ledger.Serving)
	x.End, x.Until = incident.Recovered, c.To
	x.Story = x.Story.With(story.Event{At: c.To, What: story.Recovered})
	env.Incidents.Add(x)
	env.Changed(fsm.Change{Ordinal: s.ordinal(), ID: s.ID(), Incident: s.number, Since: c.From, Until: c.To})
	e := s.evidence()
	e.Down = lasted(c.From, c.To)
	env.Ledger.WriteAlerts(s.heartbeat(), fsm.AlertUnheard, env.Ledger.Serving, env.Ledger.Wall, e)
	return fsm.CodeOK
}

func lasted(from, to int64) time.Duration { return time.Duration(max(0, to-from)) * time.Millisecond }

// makeRoom drops the oldest subject of which nothing goes on, if there are too many. Rows that are not settled
// stay in the ledger.
func (t *Table) makeRoom(now ledger.Now) bool {
	if len(t.subjects) < fsm.MaxSystems {
		return true
	}
	var oldest *subject
	for _, s := range t.subjects {
		if !s.open && (oldest == nil || s.serial < oldest.serial) {
			oldest = &s
		}
	}
	if oldest == nil {
		return false
	}
	now.CancelUnsent(oldest.heartbeat())
	delete(t.subjects, oldest.ID())
	return true
}

func (t *Table) put(s subject) {
	if t.subjects == nil {
		t.subjects = map[fsm.HeartbeatID]subject{}
	}
	t.subjects[s.ID()] = s
}

// OpenIncident returns the incident of an ordinal that goes on; 0 if none does.
func (t *Table) OpenIncident(ordinal uint64) uint32 {
	for _, s := range t.subjects {
		if s.ordinal() == ordinal && s.open {
			return s.number
		}
	}
	return 0
}

// Open lists the incidents that go on, oldest first.
func (t *Table) Open() (list []fsm.SystemIncident) {
	for _, s := range t.inOrder() {
		if s.open {
			list = append(list, fsm.SystemIncident{SystemSubject: s.SystemSubject, Incident: s.ref(), Name: s.name, Since: fsm.WallTime(s.since)})
		}
	}
	return list
}

// Outage returns the newest outage that was told; zero times if none was.
func (t *Table) Outage() fsm.Gap {
	return fsm.Gap{From: fsm.WallTime(t.outage.from), To: fsm.WallTime(t.outage.to)}
}

func (t *Table) inOrder() (list []subject) {
	for _, s := range t.subjects {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b subject) int { return cmp.Compare(a.serial, b.serial) })
	return list
}

func (s subject) ordinal() uint64 { return fsm.SystemOrdinals + s.serial }

func (s subject) ref() fsm.IncidentRef { return fsm.IncidentRef{Heartbeat: s.ID(), Number: s.number} }

// title is what stands in the place of a heartbeat's name.
func (s subject) title() string {
	switch s.Kind {
	case fsm.SystemNodeLost:
		return "node " + s.name + " of the monitor"
	case fsm.SystemDiskLow:
		return "disk of node " + s.name + " of the monitor"
	case fsm.SystemCertificate:
		return s.Part + " certificate of node " + s.name + " of the monitor"
	case fsm.SystemCanary:
		return "delivery check of the monitor"
	}
	return "the monitor itself"
}

// heartbeat is what the ledger sees of a subject: nobody chose whom it tells, so the default targets are told.
func (s subject) heartbeat() *table.Record {
	return &table.Record{
		Hot: &table.Hot{Incident: s.number, FlapStart: s.flapStart, Flaps: s.flaps}, Runs: &table.RunState{}, Ordinal: s.ordinal(),
		Cold: table.Cold{ID: s.ID(), Spec: fsm.Spec{Name: s.title()}},
	}
}

func (s subject) evidence() fsm.Evidence {
	return fsm.Evidence{
		Name: s.title(), Since: fsm.WallTime(s.since), System: fsm.SystemFacts{Kind: s.Kind, Node: s.name, Detail: s.detail},
	}
}

func (s subject) record(serving int64) incident.Record {
	x := incident.Record{IncidentRef: s.ref(), Ordinal: s.ordinal(), Due: serving, Since: s.since, Reason: s.Kind.String(), Name: s.title()}
	x.Story = x.Story.With(story.Event{At: s.since, What: story.Began, Text: x.Reason, Note: s.detail})
	return x
}
