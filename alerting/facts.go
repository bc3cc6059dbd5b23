package alerting

import (
	"fmt"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// facts are the evidence of an alert.
func facts(a fsm.Alert) (out []fact) {
	e := a.Evidence
	add := func(label, format string, args ...any) { out = append(out, fact{label, fmt.Sprintf(format, args...)}) }
	if a.Kind == fsm.AlertRecovered {
		add("Ended by", "%s", ending(a))
	} else {
		add("Last ping", "%s", lastPing(e))
	}
	if !e.Since.IsZero() {
		add("Down since", "%s", moment(e.Since))
	}
	if e.Down > 0 {
		add("Down for", "%s", duration(e.Down))
	}
	if e.Silent > 0 {
		add("Silent for", "%s, from the last ping on", duration(e.Silent))
	}
	if !e.Started.IsZero() {
		add("Run began", "%s", moment(e.Started))
	}
	if !e.Due.IsZero() {
		add("Was due", "%s", moment(e.Due))
	}
	add("Interval", "%s", seconds(e.Interval))
	add("Grace", "%s", seconds(e.Grace))
	if text := misses(a); text != "" {
		add("Misses", "%s", text)
	}
	if !e.Since.IsZero() {
		add("Failures", "%d in this incident", e.Failures)
	}
	add("Pings so far", "%d", e.Pings)
	for _, g := range e.Gaps {
		to := moment(g.To)
		if g.To.Equal(g.From) {
			to = "an unknown time, for the monitor's own clock was wrong"
		}
		add("No ping could be taken", "from %s to %s", moment(g.From), to)
	}
	return out
}

func lastPing(e fsm.Evidence) string {
	if e.LastPing.IsZero() {
		return "never"
	}
	return moment(e.LastPing) + from(e)
}

func from(e fsm.Evidence) string {
	if e.LastFrom == "" {
		return ""
	}
	return ", from " + e.LastFrom
}

// ending says what ended an incident.
func ending(a fsm.Alert) string {
	e := a.Evidence
	out := "a good run"
	if e.Clean {
		out += " (exit status 0)"
	}
	out += " at " + moment(e.LastPing) + from(e)
	if late := a.CreatedAt.Sub(e.LastPing); late >= lateBy {
		out += fmt.Sprintf(", whose ping came %s later", duration(late))
	}
	return out
}

// misses says how many there were, and which one alerts. A failure alerts by itself.
func misses(a fsm.Alert) string {
	e := a.Evidence
	switch {
	case !e.Since.IsZero():
		return fmt.Sprintf("%d in this incident", e.Misses)
	case a.Kind == fsm.AlertRecovered, a.Kind == fsm.AlertDown && (e.Failed || !e.Started.IsZero()) && e.Misses == 0:
		return ""
	}
	return fmt.Sprintf("%d in a row (%s)", e.Misses, rule(a))
}

func rule(a fsm.Alert) string {
	e := a.Evidence
	resumed := ""
	if !e.Resumed.IsZero() {
		resumed = "; resumed at " + moment(e.Resumed)
	}
	switch {
	case a.Kind == fsm.AlertUnheard:
		return "alerts at the next" + resumed
	case e.Failed || !e.Started.IsZero():
		return "a failure alerts at once"
	case e.Rule == fsm.RuleUnheard:
		return "the first after one that was not heard alerts"
	case e.Rule == fsm.RuleResumed:
		return "the first after a resume alerts" + resumed
	}
	return fmt.Sprintf("alerts at %d", e.Threshold)
}
