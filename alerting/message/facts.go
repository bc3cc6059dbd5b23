package message

import (
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// factsOf lists the evidence of an alert.
func factsOf(a fsm.Alert) (out []fact) {
	e := a.Evidence
	add := func(label, format string, args ...any) { out = append(out, fact{label, fmt.Sprintf(format, args...)}) }
	if a.Kind == fsm.AlertRecovered {
		add("Ended by", "%s", endedBy(a))
	}
	if since := downSince(a); !since.IsZero() {
		add("Down since", "%s", formatTime(since))
	}
	if e.Down > 0 {
		add("Down for", "%s", formatDuration(e.Down))
	}
	if e.Silent > 0 {
		add("Silent for", "%s, from the last ping on", formatDuration(e.Silent))
	}
	if a.Kind != fsm.AlertRecovered {
		if good := a.About.LastGood; !good.IsZero() {
			add("Last good run", "%s", formatTime(good))
		}
		add("Last ping", "%s", lastPing(e))
	}
	if !e.Started.IsZero() {
		add("Run began", "%s", formatTime(e.Started))
	}
	if !e.Due.IsZero() {
		add("Was due", "%s", formatTime(e.Due))
	}
	if e.Schedule != "" {
		add("Schedule", "%s", e.Schedule)
	} else {
		add("Interval", "%s", formatSeconds(e.Interval))
	}
	add("Grace", "%s", formatSeconds(e.Grace))
	if e.Failed && e.Exit > 0 {
		add("Exit status", "%d", e.Exit)
	}
	if text := took(a); text != "" {
		add("Run took", "%s", text)
	}
	if text := countMisses(a); text != "" {
		add("Misses", "%s", text)
	}
	if !e.Since.IsZero() {
		add("Failures", "%d in this incident", e.Failures)
	}
	add("Pings so far", "%d", e.Pings)
	if text := failsWith(a.About); text != "" && a.Kind != fsm.AlertRecovered {
		add("Fails with it", "%s", text)
	}
	out = append(out, actsOf(a)...)
	for _, g := range e.Gaps {
		to := formatTime(g.To)
		if g.To.Equal(g.From) {
			to = "an unknown time, for the monitor's own clock was wrong"
		}
		add("No ping could be taken", "from %s to %s", formatTime(g.From), to)
	}
	return append(out, aboutFacts(a)...)
}

// downSince is when the incident began; zero for a notice, which tells of none.
func downSince(a fsm.Alert) time.Time {
	if a.Evidence.Since.IsZero() && a.Kind == fsm.AlertDown {
		return a.CreatedAt
	}
	return a.Evidence.Since
}

func lastPing(e fsm.Evidence) string {
	if e.LastPing.IsZero() {
		return "never"
	}
	return formatTime(e.LastPing) + fromAddress(e)
}

func fromAddress(e fsm.Evidence) string {
	if e.LastFrom == "" {
		return ""
	}
	return ", from " + e.LastFrom
}

// endedBy says what ended an incident.
func endedBy(a fsm.Alert) string {
	e := a.Evidence
	out := "a good run"
	if e.Clean {
		out += " (exit status 0)"
	}
	out += " at " + formatTime(e.LastPing) + fromAddress(e)
	if late := a.CreatedAt.Sub(e.LastPing); late >= lateAfter {
		out += fmt.Sprintf(", whose ping came %s later", formatDuration(late))
	}
	return out
}

// countMisses says how many there were, and which one alerts. A failure alerts by itself.
func countMisses(a fsm.Alert) string {
	e := a.Evidence
	switch {
	case !e.Since.IsZero():
		return fmt.Sprintf("%d in this incident", e.Misses)
	case a.Kind == fsm.AlertRecovered, a.Kind == fsm.AlertDown && (e.Failed || !e.Started.IsZero()) && e.Misses == 0:
		return ""
	}
	return fmt.Sprintf("%d in a row (%s)", e.Misses, alertRule(a))
}

func alertRule(a fsm.Alert) string {
	e := a.Evidence
	resumed := ""
	if !e.Resumed.IsZero() {
		resumed = "; resumed at " + formatTime(e.Resumed)
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
