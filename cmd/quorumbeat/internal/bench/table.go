package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

// showReport prints the figures for people.
func showReport(w *term.Table, v any) {
	b := v.(*report)
	how := "as fast as they are answered"
	if b.Rate > 0 {
		how = fmt.Sprintf("%s a second wanted", thousands(b.Rate))
	}
	w.Row("Pings", fmt.Sprintf("%s acknowledged a second, for %.1f s; %s", thousands(b.PerSecond), b.Seconds, how))
	w.Row("Answers", countsInWords(b.Answers))
	w.Row("Failures", countsInWords(b.Failures))
	w.Row("Heartbeats", fmt.Sprintf("%d, by %d connections%s", b.Heartbeats, b.Connections, b.making()))
	w.Row()
	w.Row("MILLISECONDS", "MIN", "P50", "P90", "P99", "P99.9", "MAX")
	showTimes(w, "latency", &b.Latency)
	showTimes(w, "other answers", b.Refusals)
	showTimes(w, "behind schedule", b.Late)
	showTimes(w, "once sent", b.Service)
	if b.Unsent > 0 {
		w.Row()
		w.Row("Not sent", fmt.Sprintf("%s: no connection came free within the timeout. They count with that as their latency", thousands(float64(b.Unsent))))
	}
	if len(b.BySecond) > 0 {
		w.Row()
		w.Row("SECOND", "OK", "OTHER", "FAILED", "P50", "P99", "MAX")
	}
	for i, s := range b.BySecond {
		w.Row(i+1, s.Acknowledged, s.Refused, s.Failed+s.Unsent, milliseconds(s.Latency.P50), milliseconds(s.Latency.P99), milliseconds(s.Latency.Max))
	}
}

func (b *report) making() string {
	if b.CreatedPerSecond == 0 {
		return ""
	}
	s := fmt.Sprintf("; made at %s a second", thousands(b.CreatedPerSecond))
	if b.DeletedPerSecond > 0 {
		s += fmt.Sprintf(", deleted at %s", thousands(b.DeletedPerSecond))
	}
	return s
}

func showTimes(w *term.Table, name string, p *load.Percentiles) {
	if p != nil {
		w.Row(name, milliseconds(p.Min), milliseconds(p.P50), milliseconds(p.P90), milliseconds(p.P99), milliseconds(p.P999), milliseconds(p.Max))
	}
}

// milliseconds shows milliseconds with as many digits as matter.
func milliseconds(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// countsInWords lists how often what happened, "none" if nothing did.
func countsInWords[K interface{ ~int | ~string }](m map[K]int64) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%v: %s", k, thousands(float64(m[k]))))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// thousands shows a number that may be large.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
