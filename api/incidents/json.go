package incidents

import (
	"time"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// Open is the incident that a heartbeat has open.
type Open struct {
	ID             string  `json:"id"`
	Since          *string `json:"since"`
	Reason         string  `json:"reason"`
	AcknowledgedBy *string `json:"acknowledged_by"`
	AcknowledgedAt *string `json:"acknowledged_at"`
	SnoozedUntil   *string `json:"snoozed_until"`
}

// OpenOf returns the open incident of a heartbeat; nil if there is none.
func OpenOf(h fsm.Heartbeat) *Open {
	if h.Incident.Number == 0 {
		return nil
	}
	out := openOf(h.Incident.ID(h.ID), h.Incident)
	return &out
}

func openOf(id string, in fsm.OpenIncident) Open {
	out := Open{ID: id, Since: request.Stamp(in.Since), Reason: in.Reason, AcknowledgedAt: request.Stamp(in.AckedAt), SnoozedUntil: request.Stamp(in.Snoozed)}
	if !in.AckedAt.IsZero() {
		out.AcknowledgedBy = &in.AckedBy
	}
	return out
}

// Incident is an incident as lists have it, without its alerts.
type Incident struct {
	Open
	HeartbeatID    string  `json:"heartbeat_id"`
	HeartbeatName  string  `json:"heartbeat_name"`
	System         bool    `json:"system"` // of the monitor itself
	State          string  `json:"state"`  // open or ended
	EndedAt        *string `json:"ended_at"`
	EndedBy        *string `json:"ended_by"`
	Misses         int64   `json:"misses"`
	Failures       int64   `json:"failures"`
	Reminders      int64   `json:"reminders"`
	NextReminderAt *string `json:"next_reminder_at"`
}

// Of returns an incident as lists have it.
func Of(in fsm.Incident) Incident {
	out := Incident{
		Open: openOf(in.ID(), in.OpenIncident), HeartbeatID: in.Heartbeat.String(), HeartbeatName: in.Name, System: in.System, State: "ended",
		Misses: in.Misses, Failures: in.Failures, Reminders: in.Told, NextReminderAt: request.Stamp(in.RemindAt),
	}
	switch {
	case in.Open:
		out.State = "open"
	case in.EndedBy != "":
		out.EndedAt, out.EndedBy = request.Stamp(in.Until), &in.EndedBy
	}
	return out
}

// Event is one thing that happened, of a story. What it has no word for is left out.
type Event struct {
	At       *string `json:"at"`
	Event    string  `json:"event"`
	By       string  `json:"by,omitempty"`
	Note     string  `json:"note,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	ExitCode *int64  `json:"exit_code,omitempty"`
	Check    string  `json:"broke,omitempty"`
	Alert    string  `json:"alert,omitempty"`
	To       string  `json:"to,omitempty"`
	State    string  `json:"state,omitempty"`
	Until    *string `json:"until,omitempty"`
	Fields   string  `json:"fields,omitempty"`
}

// StoryOf returns the story of an incident, oldest first.
func StoryOf(in fsm.Incident) []Event {
	out := make([]Event, 0, len(in.Story))
	for _, e := range in.Story {
		out = append(out, eventOf(e))
	}
	return out
}

func eventOf(e story.Event) Event {
	out := Event{At: request.Stamp(time.UnixMilli(e.At)), Event: e.What.String()}
	switch e.What {
	case story.Began:
		out.Reason = e.Text
	case story.Failed:
		out.Check = e.Text
	case story.Alerted:
		out.Alert, out.To, out.State = e.Text, e.Who, e.Note
		return out
	case story.Snoozed:
		out.Until = request.Stamp(time.UnixMilli(e.Number))
	case story.Edited:
		out.Fields = e.Fields()
	}
	if (e.What == story.Began || e.What == story.Failed) && e.Number > 0 {
		out.ExitCode = &e.Number
	}
	out.By, out.Note = e.Who, e.Note
	return out
}
