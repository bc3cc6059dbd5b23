package explain

import (
	"github.com/quorumbeat/quorumbeat/api/incidents"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/routing"
)

// Explanation is who is told of a heartbeat now, or would be if it failed.
type Explanation struct {
	HeartbeatID    string          `json:"heartbeat_id"`
	HeartbeatName  string          `json:"heartbeat_name"`
	Status         string          `json:"status"`
	Told           bool            `json:"told"`      // somebody is told
	Silent         *Silence        `json:"silent"`    // why nobody is
	AlertsAt       *string         `json:"alerts_at"` // if no ping comes
	Incident       *incidents.Open `json:"incident"`
	NextReminderAt *string         `json:"next_reminder_at"`
	Targets        []Target        `json:"targets"`
	Overruled      []Target        `json:"overruled"`
}

// Silence is why nobody is told.
type Silence struct {
	Reason string  `json:"reason"`
	Words  string  `json:"words"`
	Until  *string `json:"until"`
	By     *string `json:"by"`
}

// Target is one who could be told.
type Target struct {
	Channel   string   `json:"channel"` // its kind
	Recipient string   `json:"recipient"`
	ChannelID *string  `json:"channel_id"`
	Name      *string  `json:"channel_name"`
	By        string   `json:"by"`
	Because   string   `json:"because"` // By in words
	Tag       *string  `json:"tag"`
	On        []string `json:"on"`
	AfterSecs int64    `json:"after_secs"`

	Told    bool    `json:"told"`
	At      *string `json:"at"`
	Reason  *string `json:"reason"` // why it is not told
	Words   *string `json:"words"`  // Reason in words
	Waits   []Wait  `json:"waits_for"`
	Alert   *Alert  `json:"alert"`
	Trouble string  `json:"trouble"`
}

// Wait is something that an alert waits for.
type Wait struct {
	Reason string  `json:"reason"`
	Words  string  `json:"words"`
	Until  *string `json:"until"`
}

// Alert is what became of the newest one.
type Alert struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	State string `json:"state"`
	Error string `json:"error"`
}

// Of returns an explanation as clients see it. mailTrouble is what this node knows of its mail server; "":
// nothing is wrong with it.
func Of(x routing.Explanation, mailTrouble string) Explanation {
	out := Explanation{
		HeartbeatID: x.Heartbeat.ID.String(), HeartbeatName: x.Heartbeat.Spec.Name, Status: string(x.Heartbeat.Status),
		Told: x.Told(), AlertsAt: request.Stamp(x.AlertsAt), Incident: incidents.OpenOf(x.Heartbeat), NextReminderAt: request.Stamp(x.RemindAt),
		Targets: targets(x.Targets, mailTrouble), Overruled: targets(x.Overruled, ""),
	}
	if x.Silent != "" {
		out.Silent = &Silence{Reason: string(x.Silent), Words: x.Silent.Words(), Until: request.Stamp(x.Until), By: orNull(x.By)}
	}
	return out
}

func targets(list []routing.Target, mailTrouble string) []Target {
	out := make([]Target, 0, len(list))
	for _, t := range list {
		out = append(out, target(t, mailTrouble))
	}
	return out
}

func target(t routing.Target, mailTrouble string) Target {
	out := Target{
		Channel: fsm.KindEmail, Recipient: t.Address, By: string(t.By), Because: t.Words(), Tag: orNull(t.Tag), On: t.On(),
		Told: t.Told, At: request.Stamp(t.At), Reason: orNull(string(t.Not)), Words: orNull(t.Not.Words()), Waits: []Wait{}, Trouble: t.Trouble,
	}
	if c := t.Channel; c != nil {
		id, name := c.ID.String(), c.Spec.Name
		out.Channel, out.ChannelID, out.Name, out.AfterSecs = c.Spec.Kind, &id, &name, c.Spec.After
		if t.Address == "" {
			out.Recipient = name
		}
	}
	if t.Address != "" && out.Trouble == "" {
		out.Trouble = mailTrouble
	}
	for _, w := range t.Waits {
		out.Waits = append(out.Waits, Wait{Reason: string(w.For), Words: w.Said(), Until: request.Stamp(w.Until)})
	}
	if a := t.Alert; a != nil {
		out.Alert = &Alert{ID: a.ID.String(), Kind: a.Kind.String(), State: a.State.String(), Error: a.Error}
	}
	return out
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
