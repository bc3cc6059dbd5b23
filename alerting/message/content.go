package message

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// content is what an alert says, whatever the form in which it is sent.
type content struct {
	Subject string
	Lead    []string     // what happened, first of all
	Facts   []fact       // the evidence
	Output  string       // what the run printed last
	Lines   []digestLine // of a digest: one for each member
	More    int          // members that are not shown
	Notes   []string     // small print
	Act     string       // where its incident can be acknowledged and snoozed; "": nowhere

	Colour string   // of the state
	said   int      // how many lines of Lead tell what happened; others add to that
	Groups []Shared // of a digest

	Description string // of the heartbeat
	Page        string // about it; "": not known
	Command     string // that pauses it; "": none
}

// Paragraphs are the lines of the description.
func (c content) Paragraphs() []string { return strings.Split(c.Description, "\n") }

// Tag is the state, as it stands at the beginning of the subject that is built in.
func (c content) Tag() string {
	tag, _, _ := strings.Cut(strings.TrimPrefix(c.Subject, "["), "]")
	return tag
}

// heading is a subject as a page shows it: a line may end between the states of its tag, not inside one.
type heading struct {
	Words []string // of the tag, with its brackets and strokes
	Rest  string
}

// states matches a tag of states, as it stands at the beginning of a subject.
var states = regexp.MustCompile(`^\[[A-Z ]{1,12}(/[A-Z ]{1,12})*\]`)

// Heading is the subject. Without a tag of states, as one's own words may be, it has no Words.
func (c content) Heading() heading {
	tag := states.FindString(c.Subject)
	if tag == "" {
		return heading{Rest: c.Subject}
	}
	return heading{Words: strings.SplitAfter(tag, "/"), Rest: c.Subject[len(tag):]}
}

// OutputLines are to be indented, so that none is taken for the end of a part.
func (c content) OutputLines() []string { return strings.Split(c.Output, "\n") }

// The colours of states, the worse the later.
const (
	green = "#1a7f37"
	amber = "#9a6700"
	red   = "#cf222e"
)

// colourOf is the colour of the worst of the states in a tag.
func colourOf(tag string) string {
	worst := green
	for state := range strings.SplitSeq(tag, "/") {
		switch state {
		case "RECOVERED", "TEST", "CANARY":
		case "UNHEARD", "OUTAGE", "WARNING":
			worst = amber
		default:
			return red
		}
	}
	return worst
}

type fact struct{ Label, Value string }

// IsLink reports whether the value is an address to follow: only a runbook's was asked to be one.
func (f fact) IsLink() bool { return f.Label == "Runbook" }

type digestLine struct {
	Tag, Name, Text string
	Head            string // above it: what it and those below have in common
}

// maxLines bounds a digest: who gets 10,000 lines reads none.
const maxLines = 500

// compose says what a row tells; members are those of a digest.
func compose(a fsm.Alert, members []fsm.Alert) content {
	var c content
	a = inZone(a)
	if a.OfSystem() {
		c = composeSystem(a)
		c.Colour, c.said = colourOf(c.Tag()), len(c.Lead)
		return withDoubt(c, a)
	}
	switch a.Kind {
	case fsm.AlertDigest:
		c = composeDigest(members)
	case fsm.AlertRecovered:
		c = composeRecovered(a)
	case fsm.AlertUnheard:
		c = composeUnheard(a)
	case fsm.AlertReminder:
		c = composeReminder(a)
	default:
		c = composeDown(a)
	}
	c.Colour, c.said = colourOf(c.Tag()), len(c.Lead)
	if a.Kind != fsm.AlertDigest {
		c.Description = cleanOutput(a.About.Description)
		c.Command = pauseCommand(a)
	}
	if words := dependents(a); words != "" {
		c.Lead = append(c.Lead, "Also failing, and "+words+". Nobody is told of what depends on it while it fails, but here; what still fails a grace after it recovered is told then.")
	}
	if a.Evidence.Flaps > 0 {
		c.Lead = append(c.Lead, "It "+flapText(a.Evidence)+".")
		c.Notes = append(c.Notes, "Failures that follow each other within the flap window (--alert-flap-window) are told together. This mail tells the newest state.")
	}
	return withDoubt(c, a)
}

// withDoubt adds that a message may have arrived before.
func withDoubt(c content, a fsm.Alert) content {
	if a.InDoubt {
		c.Notes = append(c.Notes, "This mail may be a repeat: an earlier attempt was cut off before the mail server confirmed it. "+
			"It has the same Message-ID.")
	}
	return c
}

// dependents names what fails too and depends on it; "": nothing does.
func dependents(a fsm.Alert) string {
	if len(a.Dependents) == 0 {
		return ""
	}
	verb := "depend"
	if len(a.Dependents) == 1 && a.MoreDependents == 0 {
		verb = "depends"
	}
	names := strings.Join(a.Dependents, ", ")
	if a.MoreDependents > 0 {
		names += fmt.Sprintf(" and %d more", a.MoreDependents)
	}
	return verb + " on it: " + names
}

// subjectTag is the tag at the start of a subject, for mail filters. A failure whose recipient was not
// sent that the incident began is news like any other down.
func subjectTag(a fsm.Alert) string {
	switch {
	case a.OfSystem():
		return systemTag(a)
	case a.Kind == fsm.AlertRecovered:
		return "RECOVERED"
	case a.Kind == fsm.AlertUnheard:
		return "UNHEARD"
	case a.Kind == fsm.AlertFailure && a.Answers != "":
		return "FAILED"
	case a.Kind == fsm.AlertReminder && a.Answers != "":
		return "STILL DOWN"
	}
	return "DOWN"
}

func subjectOf(a fsm.Alert) string { return "[" + subjectTag(a) + "] " + a.Evidence.Name }

func composeUnheard(a fsm.Alert) content {
	e := a.Evidence
	lead := "%s was due while no ping could be taken. Please check whether it ran."
	if !e.Started.IsZero() {
		lead = "%s had a run that should have ended while no ping could be taken. Please check whether it did."
	}
	return content{
		Subject: subjectOf(a),
		Lead: []string{
			fmt.Sprintf(lead, e.Name),
			"The monitor itself was out of order then, so this is no sign that the job failed. If the next ping is missed, an alert follows.",
		},
		Facts:  factsOf(a),
		Output: cleanOutput(e.Output),
	}
}

func composeRecovered(a fsm.Alert) content {
	e := a.Evidence
	lead := e.Name + " pings again."
	if e.Failures > 0 {
		lead = e.Name + " reports a good run again."
	}
	if !e.Since.IsZero() {
		lead += fmt.Sprintf(" It was down for %s, since %s (%s).", formatDuration(e.Down), formatTime(e.Since), countFailures(e))
	}
	return content{Subject: subjectOf(a), Lead: []string{lead}, Facts: factsOf(a)}
}
