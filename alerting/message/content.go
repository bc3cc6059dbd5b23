package message

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// content is what an alert says, whatever the form in which it is sent.
type content struct {
	Subject string
	Lead    []string     // what happened, first of all
	Facts   []fact       // the evidence
	Output  string       // what the run printed last
	Lines   []digestLine // of a digest: one for each member
	More    int          // members that are not shown
	Notes   []string     // small print
	Act     string       // where its incident can be acknowledged and snoozed; "": nowhere
}

// OutputLines are to be indented, so that none is taken for the end of a part.
func (c content) OutputLines() []string { return strings.Split(c.Output, "\n") }

type fact struct{ Label, Value string }

type digestLine struct{ Tag, Name, Text string }

// maxLines bounds a digest: who gets 10,000 lines reads none.
const maxLines = 500

// compose says what a row tells; members are those of a digest.
func compose(a fsm.Alert, members []fsm.Alert) content {
	var c content
	switch a.Kind {
	case fsm.AlertDigest:
		c = composeDigest(members)
	case fsm.AlertRecovered:
		c = composeRecovered(a)
	case fsm.AlertUnheard:
		c = composeUnheard(a)
	case fsm.AlertReminder:
		c = composeReminder(a)
	default:
		c = composeDown(a)
	}
	if a.Evidence.Flaps > 0 {
		c.Lead = append(c.Lead, "It "+flapText(a.Evidence)+".")
		c.Notes = append(c.Notes, "A failure soon after one that was told is held back until its flap window ends (--alert-flap-window). This mail tells the newest state.")
	}
	if a.InDoubt {
		c.Notes = append(c.Notes, "This mail may be a repeat: an earlier attempt was cut off before the mail server confirmed it. "+
			"It has the same Message-ID.")
	}
	return c
}

// subjectTag is the tag at the start of a subject, for mail filters. A failure whose recipient was not
// sent that the incident began is news like any other down.
func subjectTag(a fsm.Alert) string {
	switch {
	case a.Kind == fsm.AlertRecovered:
		return "RECOVERED"
	case a.Kind == fsm.AlertUnheard:
		return "UNHEARD"
	case a.Kind == fsm.AlertFailure && a.Answers != "":
		return "FAILED"
	case a.Kind == fsm.AlertReminder && a.Answers != "":
		return "STILL DOWN"
	}
	return "DOWN"
}

func subjectOf(a fsm.Alert) string { return "[" + subjectTag(a) + "] " + a.Evidence.Name }

func composeUnheard(a fsm.Alert) content {
	e := a.Evidence
	lead := "%s was due while no ping could be taken. Please check whether it ran."
	if !e.Started.IsZero() {
		lead = "%s had a run that should have ended while no ping could be taken. Please check whether it did."
	}
	return content{
		Subject: subjectOf(a),
		Lead: []string{
			fmt.Sprintf(lead, e.Name),
			"The monitor itself was out of order then, so this is no sign that the job failed. If the next ping is missed, an alert follows.",
		},
		Facts:  factsOf(a),
		Output: cleanOutput(e.Output),
	}
}

func composeRecovered(a fsm.Alert) content {
	e := a.Evidence
	lead := e.Name + " pings again."
	if e.Failures > 0 {
		lead = e.Name + " reports a good run again."
	}
	if !e.Since.IsZero() {
		lead += fmt.Sprintf(" It was down for %s, since %s (%s).", formatDuration(e.Down), formatTime(e.Since), countFailures(e))
	}
	return content{Subject: subjectOf(a), Lead: []string{lead}, Facts: factsOf(a)}
}
