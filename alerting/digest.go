package alerting

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// composeDigest writes the letter of several heartbeats, each with its newest state.
func composeDigest(members []fsm.Alert) letter {
	members = newestOfEach(members)
	var l letter
	for _, m := range members[:min(len(members), maxLines)] {
		l.Lines = append(l.Lines, line{tag(m), m.Evidence.Name, digestText(m)})
	}
	l.More = len(members) - len(l.Lines)
	tags, lead := digestLead(members)
	l.Subject = fmt.Sprintf("[%s] %s", tags, digestNames(members))
	l.Lead = lead
	return l
}

// newestOfEach leaves one alert of each heartbeat, the newest: a digest counts
// heartbeats, not how often they failed.
func newestOfEach(members []fsm.Alert) (newest []fsm.Alert) {
	at := map[fsm.HeartbeatID]int{}
	for _, m := range members {
		i, known := at[m.Heartbeat]
		switch {
		case !known:
			at[m.Heartbeat] = len(newest)
			newest = append(newest, m)
		case m.Newer(newest[i]):
			newest[i] = m
		}
	}
	return newest
}

func digestText(a fsm.Alert) string {
	if a.Evidence.Flaps > 0 {
		return digestState(a) + "; " + failedAgain(a.Evidence)
	}
	return digestState(a)
}

func digestState(a fsm.Alert) string {
	e := a.Evidence
	switch {
	case a.Kind == fsm.AlertRecovered && e.Since.IsZero():
		return "pings again"
	case a.Kind == fsm.AlertRecovered:
		return fmt.Sprintf("well again; was down for %s (%s)", duration(e.Down), toll(e))
	case e.Failed:
		return fmt.Sprintf("reported a failure at %s%s", moment(e.LastPing), exitStatus(e))
	case a.Kind == fsm.AlertUnheard && !e.Started.IsZero():
		return fmt.Sprintf("a run that began at %s may have ended", moment(e.Started))
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
	if len(members) == 1 {
		return names[0]
	}
	out := fmt.Sprintf("%d heartbeats: %s", len(members), strings.Join(names, ", "))
	if len(names) < len(members) {
		out += ", …"
	}
	return out
}
