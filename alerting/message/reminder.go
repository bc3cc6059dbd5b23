package message

import (
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// composeReminder tells that an incident goes on.
func composeReminder(a fsm.Alert) content {
	e := a.Evidence
	c := content{Subject: subjectOf(a), Facts: factsOf(a), Output: cleanOutput(e.Output)}
	first := fmt.Sprintf("%s is down since %s (%s).", e.Name, formatTime(e.Since), countFailures(e))
	if e.Down > 0 {
		first = fmt.Sprintf("%s has been down for %s, since %s (%s).", e.Name, formatDuration(e.Down), formatTime(e.Since), countFailures(e))
	}
	c.Lead = []string{first, whyAgain(e)}
	if e.Failed {
		c.Lead = append(c.Lead, fmt.Sprintf("It reported a failure at %s%s.", formatTime(e.LastPing), exitStatus(e)))
	}
	c.Notes = []string{"Acknowledge the incident, and no mail follows but the one that it recovered."}
	return c
}

// whyAgain says why people are told again: by the newest thing that they did, or by the clock.
func whyAgain(e fsm.Evidence) string {
	if len(e.Acts) > 0 {
		switch e.Acts[len(e.Acts)-1].What {
		case story.Woke:
			return "It was snoozed, and that is over."
		case story.Withdrawn:
			return "Somebody saw to it, and does not any more."
		}
	}
	return fmt.Sprintf("This is reminder %d: nobody has acknowledged it.", e.Reminder)
}

// actsOf are what people did to an incident, as facts.
func actsOf(a fsm.Alert) (out []fact) {
	for _, act := range a.Evidence.Acts {
		if label, value := actText(act, a.CreatedAt.Location()); label != "" {
			out = append(out, fact{label, value})
		}
	}
	return out
}

func actText(act story.Event, zone *time.Location) (label, value string) {
	at := formatTime(time.UnixMilli(act.At).In(zone))
	by := ""
	if act.Who != "" {
		by = ", by " + OneLine(act.Who)
	}
	note := ""
	if act.Note != "" {
		note = ": " + OneLine(act.Note)
	}
	switch act.What {
	case story.Acknowledged:
		return "Acknowledged", at + by + note
	case story.Withdrawn:
		return "Acknowledgement taken back", at + by
	case story.Snoozed:
		return "Snoozed", at + by + ", until " + formatTime(time.UnixMilli(act.Number).In(zone)) + note
	case story.Woke:
		return "Snooze over", at
	case story.Edited:
		return "Changed", at + by + ": " + OneLine(act.Fields())
	case story.Paused:
		return "Paused while it was failing", at + by
	case story.Resumed:
		return "Resumed", at + by
	case story.GoodRun:
		return "Good run while paused", at
	}
	return "", ""
}
