package incidents

import (
	"fmt"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Ack is the body of a request that acknowledges, or takes that back. All of it may be left out.
type Ack struct {
	By   string `json:"by"`
	Note string `json:"note"`
}

// Unack is the body of a request that takes an acknowledgement back.
type Unack struct {
	By string `json:"by"`
}

// Snooze is the body of a request that snoozes.
type Snooze struct {
	ForSecs *int64 `json:"for_secs"`
	By      string `json:"by"`
	Note    string `json:"note"`
}

// Command returns what acknowledges an incident.
func (b Ack) Command(ref fsm.IncidentRef) (fsm.Command, error) {
	c := fsm.AckIncident{Heartbeat: ref.Heartbeat, Incident: ref.Number, By: b.By, Note: b.Note}
	return c, c.Validate()
}

// Command returns what takes an acknowledgement, or a snooze, back.
func (b Unack) Command(ref fsm.IncidentRef) (fsm.Command, error) {
	c := fsm.UnackIncident{Heartbeat: ref.Heartbeat, Incident: ref.Number, By: b.By}
	return c, c.Validate()
}

// Command returns what snoozes an incident.
func (b Snooze) Command(ref fsm.IncidentRef) (fsm.Command, error) {
	const most = fsm.MaxSnooze / 1000
	switch {
	case b.ForSecs == nil:
		return nil, request.BadRequest(fmt.Sprintf("for_secs is missing; it must be 1 to %d", most))
	case *b.ForSecs < 1 || *b.ForSecs > most:
		return nil, request.BadRequest(fmt.Sprintf("for_secs is %d; it must be 1 to %d", *b.ForSecs, most))
	}
	c := fsm.SnoozeIncident{Heartbeat: ref.Heartbeat, Incident: ref.Number, For: *b.ForSecs * 1000, By: b.By, Note: b.Note}
	return c, c.Validate()
}
