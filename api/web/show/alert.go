package show

import (
	"fmt"
	"html/template"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Cause tells in a sentence why an alert was written. It is made of words of ours, numbers
// and times, and the text of a check, which is escaped.
func Cause(a fsm.Alert, now time.Time) template.HTML {
	e := a.Evidence
	last := "No ping had ever come"
	if !e.LastPing.IsZero() {
		last = "The last ping had come " + string(Moment(e.LastPing, now))
	}
	say := func(format string, args ...any) template.HTML { return template.HTML(fmt.Sprintf(format, args...)) }
	switch {
	case a.Kind == fsm.AlertUnheard:
		return say("It was due while the monitor could take no pings, so nobody knows whether it ran. %s.", last)
	case a.Kind == fsm.AlertRecovered:
		return "What its first alert told is no longer kept."
	case !e.Started.IsZero():
		return say("A run that began %s did not end in its time. %s.", Moment(e.Started, now), last)
	case e.Broke != "":
		return say("It %s.", template.HTMLEscapeString(e.Broke))
	case e.Failed && e.Exit > 0:
		return say("The job ended with exit status %d.", e.Exit)
	case e.Failed:
		return "The job itself reported a failure."
	case e.Rule == fsm.RuleResumed:
		return say("It was not pinged after somebody resumed it. %s, and one is expected every %s.", last, Seconds(e.Interval))
	}
	return say("%s missed in a row. %s, and one is expected every %s.", Plural(int(e.Misses), "run was", "runs were"), last, Seconds(e.Interval))
}

// CauseOf tells why an incident began whose first alert is no longer kept, by its reason.
func CauseOf(reason string) template.HTML {
	switch reason {
	case "failure":
		return "The job reported a failure."
	case "hung_run":
		return "A run did not end in its time."
	case "unheard":
		return "It was due while the monitor could take no pings, so nobody knows whether it ran."
	case fsm.SystemNodeLost.String():
		return "A node of the monitor is gone."
	case fsm.SystemOutage.String():
		return "The monitor could take no pings: a majority of its nodes was lost, say. No job was called failed for it."
	case fsm.SystemDiskLow.String():
		return "The disk of a node of the monitor is nearly full."
	case fsm.SystemCertificate.String():
		return "A certificate of a node of the monitor expires soon."
	}
	return "No ping came when one was due."
}

// StateOf is the state of an alert in words for people.
func StateOf(s fsm.AlertState) string {
	switch s {
	case fsm.AlertPending:
		return "waits"
	case fsm.AlertClaimed:
		return "in hand"
	case fsm.AlertFenced:
		return "being sent"
	}
	return s.String()
}

// Waits tells when an alert that waits goes out, and what for; "" if neither is known.
func Waits(a fsm.Alert, now time.Time) template.HTML {
	why := template.HTML(template.HTMLEscapeString(a.WaitsFor.Words()))
	switch {
	case a.Waits.IsZero():
		return why
	case why == "":
		return "goes out " + Moment(a.Waits, now)
	}
	return "goes out " + Moment(a.Waits, now) + ": it " + why
}

// Step is one on the way of an alert to who is told.
type Step struct {
	Name string
	When template.HTML // "": not known, or not yet
	Kind string        // done, now, wrong or next
	Note string
}

// Steps tells how far an alert has come: written, in the hands of a sender (claimed), being sent (fenced,
// right before the mail's final dot), sent. Of their times the ledger keeps the first and the last.
func Steps(a fsm.Alert, now time.Time) []Step {
	steps := []Step{{Name: "written", When: Moment(a.CreatedAt, now)}, {Name: "in hand"}, {Name: "being sent"}, {Name: "sent"}}
	if a.Attempt > 1 {
		steps[1].Note = fmt.Sprintf("attempt %d", a.Attempt)
	}
	at := 0 // the step that it is at
	switch a.State {
	case fsm.AlertClaimed:
		at = 1
	case fsm.AlertFenced:
		at = 2
	case fsm.AlertSent:
		at, steps[3].When = 3, Moment(a.SentAt, now)
	case fsm.AlertCancelled:
		at, steps = 1, []Step{steps[0], {Name: "cancelled"}}
	case fsm.AlertFailed, fsm.AlertHeld:
		at, steps = 1, append(steps[:min(int(a.Attempt), 1)+1], Step{Name: a.State.String()})
		steps[len(steps)-1].Kind = "wrong"
	}
	for i := range steps {
		switch {
		case steps[i].Kind != "":
		case i < at || a.State.Settled():
			steps[i].Kind = "done"
		case i == at:
			steps[i].Kind = "now"
		default:
			steps[i].Kind = "next"
		}
	}
	return steps
}
