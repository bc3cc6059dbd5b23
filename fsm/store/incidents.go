package store

import (
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/internal/system"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// reportUnheard writes the notice that pings were due only while none could be taken.
func (st *state) reportUnheard(r *table.Record, c cause) {
	r.Incident++
	r.LastAlert = c.created
	r.Set(table.Unheard)
	st.keepUnheard(r, c)
	st.ledgerNow().WriteAlerts(r, fsm.AlertUnheard, c.due, c.created, st.failureEvidence(r, c))
}

// beginIncident makes a heartbeat failing and writes its alerts.
func (st *state) beginIncident(r *table.Record, c cause) {
	r.Incident++
	r.LastAlert = c.created
	st.failing[r.Ordinal] = struct{}{}
	st.depends.Fails(r.Ordinal, r.Cold.Spec.Tags)
	r.Runs = st.table.OwnRuns(r.Ordinal)
	r.Runs.Incident = c.newIncident(r)
	e := st.failureEvidence(r, c)
	e.Acts = st.actsBefore(r)
	st.keepIncident(r, c)
	st.ledgerNow().WriteAlerts(r, fsm.AlertDown, c.due, c.created, e)
	r.Set(table.Failing)
	if c.isFailure() {
		r.Set(table.Reported)
	}
	r.ResetRule()
	st.scheduleNext(r)
	st.changed = append(st.changed, fsm.Change{
		Ordinal: r.Ordinal, ID: r.Cold.ID, Incident: r.Incident, Since: c.created, Reason: c.reason(),
	})
}

// endIncident counts the misses of a failing heartbeat up to the horizon, makes it active,
// and returns the incident. It leaves the alerts to its caller.
func (st *state) endIncident(r *table.Record, how incident.End) table.Incident {
	st.countMissesUntil(r, st.horizon)
	st.closeIncident(r, how)
	r.Clear(table.Failing | table.Reported)
	delete(st.failing, r.Ordinal)
	st.endsForOthers(r, how)
	ended := r.Runs.Incident
	r.Runs.Incident = table.Incident{}
	st.uptime.AddDown(r.Ordinal, ended.Since, st.wall)
	st.changed = append(st.changed, fsm.Change{Ordinal: r.Ordinal, ID: r.Cold.ID, Incident: r.Incident, Since: ended.Since, Until: st.wall})
	return ended
}

// endsForOthers tells those that depend on a heartbeat that it fails no more.
func (st *state) endsForOthers(r *table.Record, how incident.End) {
	tags := r.Cold.Spec.Tags
	st.depends.Ends(r.Ordinal, tags)
	st.reconsiderBelow(r)
	if how != incident.Recovered || !st.depends.IsNamed(r.Cold.ID, tags) {
		return
	}
	if old := st.depends.Recovers(r.Ordinal, tags, st.serving); old != 0 {
		st.depends.Forget(old, st.table.Record(old).Cold.Spec.Tags)
	}
}

// failAgain counts one more failure of a failing heartbeat. If its incident told of silence
// only, the failure is told too, once.
func (st *state) failAgain(r *table.Record, c cause) {
	r.Runs.Incident.Failures++
	st.tellFailure(r, c)
	if r.Is(table.Reported) || c.tolerated {
		return
	}
	r.Set(table.Reported)
	st.noteChange(r.Ordinal)
	if st.isQuiet(r.Cold.ID, r.Incident) {
		return // whoever sees to it finds it in the story
	}
	e := st.failureEvidence(r, c)
	addIncident(&e, r.Runs.Incident)
	e.Acts = st.actsOf(r.Cold.ID, r.Incident)
	st.ledgerNow().WriteFailures(r, c.due, c.created, e)
}

// keepIncident begins to keep the incident that a cause began.
func (st *state) keepIncident(r *table.Record, c cause) {
	x := incident.Record{
		IncidentRef: fsm.IncidentRef{Heartbeat: r.Cold.ID, Number: r.Incident}, Ordinal: r.Ordinal,
		Due: c.due, Since: c.created, Reason: c.reason(), Name: r.Cold.Spec.Name,
	}
	x.Story = x.Story.With(story.Event{At: c.created, What: story.Began, Text: x.Reason, Number: c.exit()})
	x.Tell = st.nextReminder(r, c.due)
	r.Runs.Incident.Tell = x.Tell
	st.incidents.Add(x)
}

// keepUnheard keeps a time in which a job could not be heard: it is over as soon as it is known.
func (st *state) keepUnheard(r *table.Record, c cause) {
	x := incident.Record{
		IncidentRef: fsm.IncidentRef{Heartbeat: r.Cold.ID, Number: r.Incident}, Ordinal: r.Ordinal,
		Due: c.due, Since: c.created, Until: c.created, End: incident.Unheard, Reason: "unheard", Name: r.Cold.Spec.Name, Misses: r.Misses,
	}
	x.Story = x.Story.With(story.Event{At: c.created, What: story.Began, Text: x.Reason})
	st.incidents.Add(x)
}

// exit is the exit status that a cause tells, 0 if none.
func (c *cause) exit() int64 {
	if c.failed == nil {
		return 0
	}
	return int64(max(0, c.failed.Exit))
}

// nextReminder returns when an incident is told again that was told at a serving time; 0: never.
func (st *state) nextReminder(r *table.Record, at int64) int64 {
	if every := r.Cold.Spec.Reminders(&st.settings); every > 0 {
		return max(1, at+every*1000)
	}
	return 0
}

// planReminders plans the reminders of those incidents anew that go by the settings. They are told in the
// order of their heartbeats, for what is written must not depend on that of a map.
func (st *state) planReminders() {
	for _, ord := range slices.Sorted(maps.Keys(st.failing)) {
		if s := &st.table.Record(ord).Cold.Spec; s.NeverRemind || s.RemindEvery > 0 {
			continue
		}
		r := st.table.OwnRecord(ord)
		r.Runs = st.table.OwnRuns(ord)
		st.incidents.Change(refOf(r), func(x *incident.Record) {
			if !x.IsQuiet() {
				x.Tell = st.nextReminder(r, st.serving)
				r.Runs.Incident.Tell = x.Tell
			}
		})
		st.scheduleNext(r)
	}
	for _, in := range st.system.Open() {
		r := st.system.OpenRecord(in.Incident.Heartbeat)
		st.incidents.Change(in.Incident, func(x *incident.Record) {
			if !x.IsQuiet() {
				x.Tell = st.nextReminder(r, st.serving)
				st.system.PlanTell(x.Heartbeat, x.Tell)
			}
		})
	}
}

// closeIncident notes how the incident that goes on ends.
func (st *state) closeIncident(r *table.Record, how incident.End) {
	was := r.Runs.Incident
	event := story.Event{At: st.wall, What: map[incident.End]story.What{
		incident.Recovered: story.Recovered, incident.Paused: story.Paused, incident.Deleted: story.Deleted,
	}[how]}
	if how != incident.Recovered {
		event.Who = st.whoActs("")
	}
	st.incidents.Change(refOf(r), func(x *incident.Record) {
		x.End, x.Until = how, st.wall
		x.Silent, x.Misses, x.Failures = was.Silent, was.Misses, was.Failures
		x.AckedBy, x.AckedAt, x.Snooze, x.Snoozed, x.Tell = "", 0, 0, 0, 0
		x.Story = x.Story.With(event)
	})
}

func refOf(r *table.Record) fsm.IncidentRef {
	return fsm.IncidentRef{Heartbeat: r.Cold.ID, Number: r.Incident}
}

// isQuiet reports whether nothing but its recovery is told of an incident.
func (st *state) isQuiet(hb fsm.HeartbeatID, number uint32) bool {
	x := st.incidents.Get(fsm.IncidentRef{Heartbeat: hb, Number: number})
	return x != nil && x.IsQuiet()
}

// tellSettled adds what became of an alert to the story of its incident.
func (st *state) tellSettled(r *ledger.Row, isNew bool) {
	who, at := r.Recipient, st.wall
	if isNew {
		at = r.Created() // it may be judged late
	}
	if address, _ := fsm.MailOf(who); address != "" {
		who = address
	} else if id, is := fsm.ChannelOf(who); is {
		if c := st.channels.Get(id); c != nil {
			who = c.Spec.Name
		}
	}
	st.incidents.Tell(fsm.IncidentRef{Heartbeat: r.Heartbeat, Number: r.Incident}, story.Event{
		At: at, What: story.Alerted, Who: who, Text: r.Kind.String(), Note: r.State.String(),
	})
}

// tellFailure adds one more failure to the story of the incident that goes on.
func (st *state) tellFailure(r *table.Record, c cause) {
	e := story.Event{At: c.created, What: story.Hung}
	if c.failed != nil {
		e.What, e.Number, e.Text = story.Failed, c.exit(), c.failed.broke
	}
	st.incidents.Tell(refOf(r), e)
}

// tellAgain tells that an incident goes on, at the serving time for which that was planned: a
// reminder is due, or its snooze is over.
func (st *state) tellAgain(r *table.Record, due int64) {
	created := st.wallOfDeadline(due)
	st.incidents.Change(refOf(r), func(x *incident.Record) {
		if x.Snooze != 0 {
			x.Story = x.Story.With(story.Event{At: created, What: story.Woke})
		}
		x.AckedBy, x.AckedAt, x.Snooze, x.Snoozed = "", 0, 0, 0
	})
	st.remind(r, due, created)
}

// maxLag is longer than judging ever lags behind, in ms. What is planned for earlier comes of an image that
// no version writes, and is told once: the reminders since then may be so many that telling them has no end.
const maxLag = 3_600_000

// remind writes the next reminder of the incident that goes on.
func (st *state) remind(r *table.Record, due, created int64) {
	ofSystem := r.Ordinal > fsm.SystemOrdinals
	if !ofSystem {
		st.countMissesUntil(r, min(due, st.horizon))
	}
	n, after := int64(0), due
	if after < st.horizon-maxLag {
		after = st.horizon
	}
	st.incidents.Change(refOf(r), func(x *incident.Record) {
		x.Told++
		n, x.Tell = x.Told, st.nextReminder(r, after)
		r.Runs.Incident.Tell = x.Tell
	})
	r.LastAlert = created
	st.noteChange(r.Ordinal)
	e := fsm.Evidence{}
	if ofSystem {
		e = st.system.ReminderEvidence(r.Cold.ID, n, created, st.actsOf(r.Cold.ID, r.Incident))
	} else {
		e = st.reminderEvidence(r, n, created)
	}
	st.ledgerNow().WriteReminders(r, n, due, created, e)
}

// tellSystems tells those incidents of the monitor itself again whose time has come.
func (st *state) tellSystems() {
	for {
		r, due := st.system.NextTell(st.horizon)
		if r == nil {
			return
		}
		st.tellAgain(r, due)
		st.system.PlanTell(r.Cold.ID, st.incidents.Get(refOf(r)).Tell)
	}
}

// systemEnv is what incidents of the monitor itself change.
func (st *state) systemEnv() system.Env {
	return system.Env{
		Ledger: st.ledgerNow(), Incidents: &st.incidents,
		Changed: func(c fsm.Change) { st.changed = append(st.changed, c) },
		Acts:    func(ref fsm.IncidentRef) []story.Event { return st.actsOf(ref.Heartbeat, ref.Number) },
	}
}

// evidenceActs is of how many acts an alert tells, the newest.
const evidenceActs = 5

// completeIncidents gives the failing heartbeats of an image their incidents, if it has none of
// them: it was written before there were any. (No version writes that one is over whose heartbeat fails.)
func (st *state) completeIncidents() {
	for ord := range st.failing {
		r := st.table.Record(ord)
		if st.incidents.GoesOn(refOf(r)) {
			continue
		}
		x := incident.Record{IncidentRef: refOf(r), Ordinal: ord, Since: r.Runs.Incident.Since, Reason: "silence", Name: r.Cold.Spec.Name}
		if alerts := st.ledgerNow().RowsOf(x.IncidentRef, ord); len(alerts) > 0 {
			x.Reason = alerts[0].Evidence.Reason()
		}
		x.Story = x.Story.With(story.Event{At: x.Since, What: story.Began, Text: x.Reason})
		st.incidents.Add(x)
	}
}
