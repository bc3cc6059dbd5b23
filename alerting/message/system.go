package message

import (
	"fmt"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// composeSystem says what is wrong with the monitor itself, or no longer is.
func composeSystem(a fsm.Alert) content {
	e := a.Evidence
	if e.System.Kind == fsm.SystemCanary {
		return composeCanary(a)
	}
	c := content{Subject: subjectOf(a), Lead: []string{systemLead(a)}}
	if a.Kind == fsm.AlertReminder {
		c.Lead = append(c.Lead, whyAgain(e))
	}
	if e.System.Detail != "" {
		c.Lead = append(c.Lead, e.System.Detail)
	}
	if e.System.Node != "" {
		c.Facts = append(c.Facts, fact{"Node", OneLine(e.System.Node)})
	}
	c.Facts = append(c.Facts, fact{"Since", formatTime(e.Since)})
	switch {
	case a.Kind == fsm.AlertReminder:
		c.Facts = append(c.Facts, fact{"So far", formatDuration(e.Down)})
	case e.Down > 0:
		c.Facts = append(c.Facts, fact{"Lasted", formatDuration(e.Down)})
	}
	c.Facts = append(c.Facts, actsOf(a)...)
	c.Notes = append(c.Notes, "This is about the monitor, quorumbeat, and not about a job. 'quorumbeat cluster' and the dashboard's page Cluster tell how it is now.")
	return c
}

// composeCanary asks whoever receives it to confirm that.
func composeCanary(a fsm.Alert) content {
	return content{
		Subject: subjectOf(a),
		Lead: []string{
			"This message proves that alerts arrive. Nothing has failed.",
			"Whatever receives it is to ask the address below, by a mail rule for instance. If that is not asked in time, its heartbeat fails.",
		},
		Facts: []fact{{"Ask", a.Evidence.System.Detail}},
	}
}

// systemLead is what happened, in a sentence.
func systemLead(a fsm.Alert) string {
	e, over := a.Evidence, a.Kind == fsm.AlertRecovered
	node := OneLine(e.System.Node)
	switch e.System.Kind {
	case fsm.SystemNodeLost:
		if over {
			return fmt.Sprintf("The node %s of the monitor is back. It was gone for %s.", node, formatDuration(e.Down))
		}
		return fmt.Sprintf("The node %s of the monitor has been gone since %s.", node, formatTime(e.Since))
	case fsm.SystemDiskLow:
		if over {
			return fmt.Sprintf("The disk of the monitor's node %s has room again.", node)
		}
		return fmt.Sprintf("The disk of the monitor's node %s is nearly full.", node)
	case fsm.SystemCertificate:
		if over {
			return fmt.Sprintf("The monitor's node %s has a certificate again that lasts.", node)
		}
		return fmt.Sprintf("A certificate of the monitor's node %s expires soon.", node)
	}
	return fmt.Sprintf("The monitor could take no pings for %s, from %s on. It takes them again.", formatDuration(e.Down), formatTime(e.Since))
}

// systemTag is the tag of a subject.
func systemTag(a fsm.Alert) string {
	switch {
	case a.Kind == fsm.AlertRecovered:
		return "RECOVERED"
	case a.Kind == fsm.AlertCanary:
		return "CANARY"
	case a.Evidence.System.Kind == fsm.SystemOutage:
		return "OUTAGE"
	case a.Evidence.System.Kind != fsm.SystemNodeLost:
		return "WARNING"
	case a.Kind == fsm.AlertReminder && a.Answers != "":
		return "STILL DOWN"
	}
	return "DOWN"
}
