package message

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Options are where an alert leads, and in which words it is told.
type Options struct {
	Base string // the dashboard's URL; "": not known
	Act  string // where the incident can be acknowledged and snoozed; "": nowhere

	Own       fsm.Templates                // words of one's own
	OwnFailed func(name string, err error) // hears which of them could not be used; may be nil
}

// Page is the page about an alert's heartbeat, or all of them for a digest; "" if nobody knows where
// the dashboard is.
func (p Options) Page(a fsm.Alert) string {
	base := strings.TrimSuffix(p.Base, "/")
	switch {
	case base == "":
		return ""
	case a.Heartbeat == (fsm.HeartbeatID{}):
		return base + "/ui/"
	case a.OfSystem():
		return base + "/ui/cluster"
	}
	return base + "/ui/heartbeats/" + a.Heartbeat.String()
}

// inZone returns an alert whose times are told in its heartbeat's time zone.
func inZone(a fsm.Alert) fsm.Alert {
	zone := a.About.Zone
	if zone == nil {
		zone = time.UTC
	}
	e := &a.Evidence
	for _, t := range []*time.Time{&a.CreatedAt, &e.LastPing, &e.Due, &e.Started, &e.Resumed, &e.Since, &a.About.LastGood} {
		*t = t.In(zone)
	}
	e.Gaps = slices.Clone(e.Gaps)
	for i, g := range e.Gaps {
		e.Gaps[i] = fsm.Gap{From: g.From.In(zone), To: g.To.In(zone)}
	}
	return a
}

// took compares how long a run took with what is usual; "" if it is not known.
func took(a fsm.Alert) string {
	e, about := a.Evidence, a.About
	long, words := about.Took, ""
	switch {
	case e.Failed && long > 0:
		words = formatRun(long)
	case !e.Started.IsZero() && !e.Failed && a.Kind.Alarms():
		if long = a.CreatedAt.Sub(e.Started); long < time.Second {
			return ""
		}
		words = "not over after " + formatDuration(long)
	}
	if words == "" || about.Usual <= 0 {
		return words
	}
	return words + "; usually " + formatRun(about.Usual)
}

// formatRun writes how long a run took, which may be less than a second.
func formatRun(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return formatDuration(d)
}

// failsWith says what else fails since about the same time.
func failsWith(a fsm.About) string {
	switch {
	case len(a.FailsWith) > 0 && a.More > 0:
		return fmt.Sprintf("%s and %d more, since about the same time", joinNames(a.FailsWith), a.More)
	case len(a.FailsWith) > 0:
		return joinNames(a.FailsWith) + ", since about the same time"
	case a.Failing > 1:
		return fmt.Sprintf("%d heartbeats fail in all", a.Failing)
	}
	return ""
}

func joinNames(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = OneLine(n)
	}
	return strings.Join(out, ", ")
}

// aboutFacts are what is known of the heartbeat: whom to ask, where to look, what it is called.
func aboutFacts(a fsm.Alert) (out []fact) {
	for _, f := range []fact{
		{"Owner", OneLine(a.About.Owner)},
		{"Runbook", a.About.Runbook},
		{"Tags", joinNames(a.About.Tags)},
	} {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	if a.Heartbeat != (fsm.HeartbeatID{}) {
		out = append(out, fact{"ID", a.Heartbeat.String()})
	}
	return out
}

// pauseCommand is the command that ends alerts about a heartbeat.
func pauseCommand(a fsm.Alert) string {
	if a.Heartbeat == (fsm.HeartbeatID{}) || a.Kind == fsm.AlertRecovered {
		return ""
	}
	return "quorumbeat pause " + a.Heartbeat.String()
}
