package message

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// composeDigest says what happened to several heartbeats, each with its newest state.
func composeDigest(members []fsm.Alert) content {
	members = newestOfEach(members)
	var c content
	for _, m := range members[:min(len(members), maxLines)] {
		c.Lines = append(c.Lines, digestLine{subjectTag(m), m.Evidence.Name, digestLineOf(m)})
	}
	c.More = len(members) - len(c.Lines)
	tags, lead := leadOfDigest(members)
	c.Subject = fmt.Sprintf("[%s] %s", tags, nameMembers(members))
	c.Lead = lead
	return c
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

func digestLineOf(a fsm.Alert) string {
	if a.Evidence.Flaps > 0 {
		return newestState(a) + "; " + flapText(a.Evidence)
	}
	return newestState(a)
}

func newestState(a fsm.Alert) string {
	e := a.Evidence
	switch {
	case a.Kind == fsm.AlertRecovered && e.Since.IsZero():
		return "pings again"
	case a.Kind == fsm.AlertRecovered:
		return fmt.Sprintf("well again; was down for %s (%s)", formatDuration(e.Down), countFailures(e))
	case a.Kind == fsm.AlertReminder && !e.Failed && e.Started.IsZero():
		return fmt.Sprintf("down since %s (%s)", formatTime(e.Since), countFailures(e))
	case e.Broke != "":
		return e.Broke
	case e.Failed:
		return fmt.Sprintf("reported a failure at %s%s", formatTime(e.LastPing), exitStatus(e))
	case a.Kind == fsm.AlertUnheard && !e.Started.IsZero():
		return fmt.Sprintf("a run that began at %s may have ended", formatTime(e.Started))
	case !e.Started.IsZero():
		return fmt.Sprintf("a run that began at %s did not finish", formatTime(e.Started))
	}
	last := "never pinged"
	if !e.LastPing.IsZero() {
		last = "last ping " + formatTime(e.LastPing)
	}
	return fmt.Sprintf("%s; was due %s", last, formatTime(e.Due))
}

// nameMembers lists the first few members, as many as fit a subject.
func nameMembers(members []fsm.Alert) string {
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
