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

func tag(k fsm.AlertKind) string {
	return map[fsm.AlertKind]string{fsm.AlertDown: "DOWN", fsm.AlertRecovered: "RECOVERED", fsm.AlertUnheard: "UNHEARD"}[k]
}

func composeDown(a fsm.Alert) letter {
	e := a.Evidence
	switch {
	case e.Failed:
		return composeFailed(e)
	case !e.Started.IsZero():
		return composeHanging(e)
	}
	first := fmt.Sprintf("%s has not been heard from since %s.", e.Name, moment(e.LastPing))
	if e.LastPing.IsZero() {
		first = fmt.Sprintf("%s has never been heard from.", e.Name)
	}
	return letter{
		Subject: "[DOWN] " + e.Name,
		Lead: []string{
			first,
			fmt.Sprintf("A ping was expected every %s; the one due at %s did not come within its grace of %s. That makes %s in a row.",
				seconds(e.Interval), moment(e.Due), seconds(e.Grace), plural(e.Misses, "miss", "misses")),
		},
		Facts:  facts(e),
		Output: printable(e.Output),
		Notes:  []string{"You will get one more mail when it pings again, and none before that."},
	}
}

// composeFailed tells of a failure that the job itself reported.
func composeFailed(e fsm.Evidence) letter {
	return letter{
		Subject: "[DOWN] " + e.Name,
		Lead: []string{
			fmt.Sprintf("%s reported a failure at %s%s.", e.Name, moment(e.LastPing), exitStatus(e)),
			"The job itself said so: it was not silent.",
		},
		Facts:  facts(e),
		Output: printable(e.Output),
		Notes:  []string{"You will get one more mail when it reports a good run, and none before that."},
	}
}

func exitStatus(e fsm.Evidence) string {
	if e.Exit == 0 {
		return ""
	}
	return fmt.Sprintf(" (exit status %d)", e.Exit)
}

// composeHanging tells of a run that began and did not end.
func composeHanging(e fsm.Evidence) letter {
	return letter{
		Subject: "[DOWN] " + e.Name,
		Lead: []string{
			fmt.Sprintf("%s began a run at %s that did not finish.", e.Name, moment(e.Started)),
			fmt.Sprintf("Its end was expected by %s, within its grace of %s. That makes %s in a row.",
				moment(e.Due), seconds(e.Grace), plural(e.Misses, "miss", "misses")),
		},
		Facts:  facts(e),
		Output: printable(e.Output),
		Notes:  []string{"You will get one more mail when a run ends well, and none before that."},
	}
}

func composeRecovered(a fsm.Alert) letter {
	e := a.Evidence
	if a.Answers == "" && e.Flaps > 0 {
		return letter{Subject: "[RECOVERED] " + e.Name, Lead: []string{fmt.Sprintf("%s pings again.", e.Name)}, Facts: facts(e)}
	}
	lead := fmt.Sprintf("%s pings again. It was silent for %s (%s).", e.Name, duration(e.Silent), plural(e.Misses, "miss", "misses"))
	if e.Failed {
		lead = fmt.Sprintf("%s reports a good run again, %s after the failure that it reported.", e.Name, duration(e.Silent))
	}
	return letter{Subject: "[RECOVERED] " + e.Name, Lead: []string{lead}, Facts: facts(e)}
}

func composeUnheard(a fsm.Alert) letter {
	e := a.Evidence
	return letter{
		Subject: "[UNHEARD] " + e.Name,
		Lead: []string{
			fmt.Sprintf("%s was due while no ping could be taken. Please check whether it ran.", e.Name),
			"The monitor itself was out of order then, so this is no sign that the job failed. If the next ping is missed, an alert follows.",
		},
		Facts:  facts(e),
		Output: printable(e.Output),
	}
}

func facts(e fsm.Evidence) []fact {
	last := "never"
	if !e.LastPing.IsZero() {
		last = moment(e.LastPing)
		if e.LastFrom != "" {
			last += ", from " + e.LastFrom
		}
	}
	out := []fact{{"Last ping", last}}
	if !e.Started.IsZero() {
		out = append(out, fact{"Run began", moment(e.Started)})
	}
	if !e.Due.IsZero() {
		out = append(out, fact{"Was due", moment(e.Due)})
	}
	out = append(
		out,
		fact{"Interval", seconds(e.Interval)},
		fact{"Grace", seconds(e.Grace)},
		fact{"Misses", fmt.Sprintf("%d in a row (alerts at %d)", e.Misses, e.Threshold)},
		fact{"Pings so far", fmt.Sprint(e.Pings)},
	)
	for _, g := range e.Gaps {
		to := moment(g.To)
		if g.To.Equal(g.From) {
			to = "an unknown time, for the monitor's own clock was wrong"
		}
		out = append(out, fact{"No ping could be taken", fmt.Sprintf("from %s to %s", moment(g.From), to)})
	}
	return out
}
