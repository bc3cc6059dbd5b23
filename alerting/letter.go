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
		out = append(out, fact{"No ping could be taken", fmt.Sprintf("from %s to %s", moment(g.From), moment(g.To))})
	}
	return out
}

func composeDigest(members []fsm.Alert) letter {
	counts, failed := map[fsm.AlertKind]int{}, 0
	var l letter
	for i, m := range members {
		counts[m.Kind]++
		if m.Kind == fsm.AlertDown && m.Evidence.Failed {
			failed++
		}
		if i < maxLines {
			l.Lines = append(l.Lines, line{tag(m.Kind), m.Evidence.Name, digestText(m)})
		}
	}
	l.More = len(members) - len(l.Lines)
	var tags, lead []string
	for _, k := range []fsm.AlertKind{fsm.AlertDown, fsm.AlertUnheard, fsm.AlertRecovered} {
		if n := counts[k]; n > 0 {
			tags = append(tags, tag(k))
			if k == fsm.AlertDown && failed > 0 {
				lead = append(lead, plural(int64(failed), "heartbeat", "heartbeats")+" reported a failure.")
				if n -= failed; n == 0 {
					continue
				}
			}
			lead = append(lead, digestLead(k, int64(n)))
		}
	}
	l.Subject = fmt.Sprintf("[%s] %s", strings.Join(tags, "/"), digestNames(members))
	l.Lead = lead
	return l
}

func digestLead(k fsm.AlertKind, n int64) string {
	subject := plural(n, "heartbeat", "heartbeats")
	switch {
	case k == fsm.AlertRecovered && n == 1:
		return subject + " pings again."
	case k == fsm.AlertRecovered:
		return subject + " ping again."
	case k == fsm.AlertUnheard && n == 1:
		return subject + " was due while no ping could be taken; please check whether the job ran."
	case k == fsm.AlertUnheard:
		return subject + " were due while no ping could be taken; please check whether the jobs ran."
	}
	return subject + " stopped pinging."
}

func digestText(a fsm.Alert) string {
	e := a.Evidence
	switch {
	case a.Kind == fsm.AlertRecovered && e.Failed:
		return "a good run again, after " + duration(e.Silent)
	case a.Kind == fsm.AlertRecovered:
		return "was silent for " + duration(e.Silent)
	case e.Failed:
		return fmt.Sprintf("reported a failure at %s%s", moment(e.LastPing), exitStatus(e))
	case !e.Started.IsZero():
		return fmt.Sprintf("a run that began at %s did not finish", moment(e.Started))
	}
	last := "never pinged"
	if !e.LastPing.IsZero() {
		last = "last ping " + moment(e.LastPing)
	}
	return fmt.Sprintf("%s; was due %s", last, moment(e.Due))
}

// digestNames names the first few members, within the length of a subject.
func digestNames(members []fsm.Alert) string {
	var names []string
	length := 0
	for _, m := range members {
		if length += len(m.Evidence.Name) + 2; length > 80 && len(names) > 0 {
			break
		}
		names = append(names, m.Evidence.Name)
	}
	out := fmt.Sprintf("%d heartbeats: %s", len(members), strings.Join(names, ", "))
	if len(names) < len(members) {
		out += ", …"
	}
	return out
}
