package alerting

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// letter is what a mail says, before it is made text and HTML.
type letter struct {
	Subject string
	Lead    []string // what happened, first of all
	Facts   []fact   // the evidence
	Output  string   // what the run printed last
	Lines   []line   // of a digest: one for each member
	More    int      // members that are not shown
	Notes   []string // small print
}

// OutputLines are to be indented, so that none is taken for the end of a part.
func (l letter) OutputLines() []string { return strings.Split(l.Output, "\n") }

type fact struct{ Label, Value string }

type line struct{ Tag, Name, Text string }

// maxLines bounds a digest: who gets 10,000 lines reads none.
const maxLines = 500

// compose writes the letter of a row; members are those of a digest.
func compose(a fsm.Alert, members []fsm.Alert) letter {
	var l letter
	switch a.Kind {
	case fsm.AlertDigest:
		l = composeDigest(members)
	case fsm.AlertRecovered:
		l = composeRecovered(a)
	case fsm.AlertUnheard:
		l = composeUnheard(a)
	default:
		l = composeDown(a)
	}
	if a.Evidence.Flaps > 0 {
		l.Lead = append(l.Lead, "It "+failedAgain(a.Evidence)+".")
		l.Notes = append(l.Notes, "A failure soon after one that was told is held back until its flap window ends (--alert-flap-window). This mail tells the newest state.")
	}
	if a.InDoubt {
		l.Notes = append(l.Notes, "This mail may be a repeat: an earlier attempt was cut off before the mail server confirmed it. "+
			"It has the same Message-ID.")
	}
	return l
}

// tag is what a subject begins with, for filters. A failure whose recipient was not
// sent that the incident began is news like any other down.
func tag(a fsm.Alert) string {
	switch {
	case a.Kind == fsm.AlertRecovered:
		return "RECOVERED"
	case a.Kind == fsm.AlertUnheard:
		return "UNHEARD"
	case a.Kind == fsm.AlertFailure && a.Answers != "":
		return "FAILED"
	}
	return "DOWN"
}

func subject(a fsm.Alert) string { return "[" + tag(a) + "] " + a.Evidence.Name }

func composeUnheard(a fsm.Alert) letter {
	e := a.Evidence
	lead := "%s was due while no ping could be taken. Please check whether it ran."
	if !e.Started.IsZero() {
		lead = "%s had a run that should have ended while no ping could be taken. Please check whether it did."
	}
	return letter{
		Subject: subject(a),
		Lead: []string{
			fmt.Sprintf(lead, e.Name),
			"The monitor itself was out of order then, so this is no sign that the job failed. If the next ping is missed, an alert follows.",
		},
		Facts:  facts(a),
		Output: printable(e.Output),
	}
}

func composeRecovered(a fsm.Alert) letter {
	e := a.Evidence
	lead := e.Name + " pings again."
	if e.Failures > 0 {
		lead = e.Name + " reports a good run again."
	}
	if !e.Since.IsZero() {
		lead += fmt.Sprintf(" It was down for %s, since %s (%s).", duration(e.Down), moment(e.Since), toll(e))
	}
	return letter{Subject: subject(a), Lead: []string{lead}, Facts: facts(a)}
}
