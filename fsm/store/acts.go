package store

import (
	"reflect"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// whoActs names who sent the command that is being applied: as it says, else by its key.
func (st *state) whoActs(by string) string {
	if by != "" {
		return by
	}
	return st.keys[st.commandKey].name
}

// runIncident runs what a person says of an incident.
func (st *state) runIncident(c fsm.Command) fsm.Code {
	switch c := c.(type) {
	case fsm.AckIncident:
		return st.actOn(c.Heartbeat, c.Incident, c.Validate(), func(r *table.Record) { st.acknowledge(r, c) })
	case fsm.SnoozeIncident:
		return st.actOn(c.Heartbeat, c.Incident, c.Validate(), func(r *table.Record) { st.snooze(r, c) })
	case fsm.UnackIncident:
		return st.actOn(c.Heartbeat, c.Incident, c.Validate(), func(r *table.Record) { st.unacknowledge(r, c) })
	}
	return fsm.CodeInvalid
}

// actOn runs f on the heartbeat of an incident that goes on, once its misses are counted, or on what stands for one.
func (st *state) actOn(hb fsm.HeartbeatID, number uint32, invalid error, f func(r *table.Record)) fsm.Code {
	ref := fsm.IncidentRef{Heartbeat: hb, Number: number}
	if r := st.system.OpenRecord(hb); r != nil && r.Incident == number && invalid == nil {
		f(r)
		st.system.PlanTell(hb, st.incidents.Get(ref).Tell)
		return fsm.CodeOK
	}
	ord := st.byID(hb)
	if ord != 0 {
		st.countDueMisses(ord)
	}
	switch {
	case invalid != nil:
		return fsm.CodeInvalid
	case st.openIncident(ord) == number && number > 0:
		r := st.table.OwnRecord(ord)
		r.Runs = st.table.OwnRuns(ord)
		f(r)
		st.scheduleNext(r)
		return fsm.CodeOK
	case st.incidents.Get(ref) != nil:
		return fsm.CodeRejected
	}
	return fsm.CodeNotFound
}

// acknowledge has somebody see to an incident. If somebody does already, only who has something to say
// takes his place: a second click takes nobody's name away.
func (st *state) acknowledge(r *table.Record, c fsm.AckIncident) {
	by := st.whoActs(c.By)
	if x := st.incidents.Get(refOf(r)); x.AckedAt != 0 && x.Snooze == 0 && c.Note == "" {
		return
	}
	st.quieten(r, func(x *incident.Record) {
		x.AckedBy, x.AckedAt, x.Snooze, x.Snoozed, x.Tell = by, max(1, st.wall), 0, 0, 0
		x.Story = x.Story.With(story.Event{At: st.wall, What: story.Acknowledged, Who: by, Note: c.Note})
	})
}

func (st *state) snooze(r *table.Record, c fsm.SnoozeIncident) {
	until := st.wall + c.For
	st.quieten(r, func(x *incident.Record) {
		x.Snooze, x.Snoozed = max(1, st.serving+c.For), max(1, until)
		x.Tell = x.Snooze
		x.Story = x.Story.With(story.Event{At: st.wall, What: story.Snoozed, Who: st.whoActs(c.By), Note: c.Note, Number: until})
	})
}

// quieten changes an incident to one that is silent, and cancels what has not gone out.
func (st *state) quieten(r *table.Record, f func(x *incident.Record)) {
	st.incidents.Change(refOf(r), func(x *incident.Record) {
		f(x)
		r.Runs.Incident.Tell = x.Tell
	})
	st.ledgerNow().Silence(r)
	st.noteChange(r.Ordinal)
}

// unacknowledge tells a silent incident again.
func (st *state) unacknowledge(r *table.Record, c fsm.UnackIncident) {
	if !st.isQuiet(r.Cold.ID, r.Incident) {
		return
	}
	st.incidents.Change(refOf(r), func(x *incident.Record) {
		x.AckedBy, x.AckedAt, x.Snooze, x.Snoozed = "", 0, 0, 0
		x.Story = x.Story.With(story.Event{At: st.wall, What: story.Withdrawn, Who: st.whoActs(c.By)})
	})
	st.remind(r, st.serving, st.wall)
}

// tellEdit adds an edit to the story of the incident that goes on, if there is one, and plans
// reminders by what it says of them.
func (st *state) tellEdit(r *table.Record, old *fsm.Spec) {
	if !r.Is(table.Failing) {
		return
	}
	r.Runs = st.table.OwnRuns(r.Ordinal)
	st.incidents.Change(refOf(r), func(x *incident.Record) {
		x.Story = x.Story.With(story.Event{At: st.wall, What: story.Edited, Who: st.whoActs(""), Text: changedFields(old, &r.Cold.Spec)})
		if r.Cold.Spec.Reminders(&st.settings) != old.Reminders(&st.settings) && !x.IsQuiet() {
			x.Tell = st.nextReminder(r, st.serving)
			r.Runs.Incident.Tell = x.Tell
		}
	})
}

// changedFields names the fields in which two specs differ.
func changedFields(a, b *fsm.Spec) string {
	var names []string
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			name := x.Type().Field(i).Tag.Get("story")
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, ", ")
}

// seeWhilePaused notes a run of a paused heartbeat, a good one at a wall time or a failed one,
// if the pause ended an incident: what is known then is told when it is resumed.
func (st *state) seeWhilePaused(r *table.Record, isGood bool, goodAt int64) {
	x := st.incidents.Newest(r.Cold.ID)
	if x == nil || x.End != incident.Paused || (x.GoodRun != 0) == isGood {
		return
	}
	st.incidents.Change(x.IncidentRef, func(x *incident.Record) {
		e := story.Event{At: st.wall, What: story.Failed}
		if x.GoodRun = 0; isGood {
			x.GoodRun, e.What = max(1, goodAt), story.GoodRun
		}
		x.Story = x.Story.With(e)
	})
}

// tellResumed tells those who know of the incident that the pause ended what came of it: that a good
// run was seen meanwhile. Without one the next alert tells it.
func (st *state) tellResumed(r *table.Record, at moment, by string) {
	x := st.incidents.Newest(r.Cold.ID)
	if x == nil || x.End != incident.Paused || x.Number != r.Incident {
		return
	}
	st.incidents.Tell(x.IncidentRef, story.Event{At: at.wall, What: story.Resumed, Who: by})
	if x.GoodRun == 0 {
		return
	}
	st.recoverPaused(r, x, at)
}

// recoverPaused tells, from a moment on, those who know of an incident that a pause ended of the good
// run that came since.
func (st *state) recoverPaused(r *table.Record, x *incident.Record, at moment) {
	e := st.recoveryEvidence(r, table.Incident{Since: x.Since, Silent: x.Silent, Misses: x.Misses, Failures: x.Failures})
	e.Down = millis(x.GoodRun - x.Since)
	st.incidents.Change(x.IncidentRef, func(x *incident.Record) {
		x.End, x.Until, x.GoodRun = incident.Recovered, x.GoodRun, 0
		x.Story = x.Story.With(story.Event{At: x.Until, What: story.Recovered})
	})
	now := st.ledgerNow()
	now.Serving, now.Wall = at.serving, at.wall
	now.WriteRecoveries(r, e)
}

// recoverResumed tells of the first good run after a resume, if a pause had ended an incident.
func (st *state) recoverResumed(r *table.Record, h *received) {
	x := st.incidents.Newest(r.Cold.ID)
	if x == nil || x.End != incident.Paused || x.Number != r.Incident {
		return
	}
	st.incidents.Change(x.IncidentRef, func(x *incident.Record) { x.GoodRun = max(1, h.at) })
	st.recoverPaused(r, st.incidents.Get(x.IncidentRef), moment{st.serving, st.wall})
}

// actsBefore returns what people did to the incident before the one that begins, if a pause ended it:
// nobody has told that yet.
func (st *state) actsBefore(r *table.Record) []story.Event {
	x := st.incidents.Newest(r.Cold.ID)
	if x == nil || x.End != incident.Paused {
		return nil
	}
	return newestActs(x)
}

// actsOf returns what people did to an incident.
func (st *state) actsOf(hb fsm.HeartbeatID, number uint32) []story.Event {
	x := st.incidents.Get(fsm.IncidentRef{Heartbeat: hb, Number: number})
	if x == nil {
		return nil
	}
	return newestActs(x)
}

func newestActs(x *incident.Record) (acts []story.Event) {
	list, _ := x.Story.Events()
	for _, e := range list {
		if e.What.ByPeople() {
			acts = append(acts, e)
		}
	}
	return acts[max(0, len(acts)-evidenceActs):]
}
