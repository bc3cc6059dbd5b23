package message

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/templates"
)

// useOwn puts the words of one's own in the place of the subject and of the first sentences. A template that
// fails, or has nothing to say, leaves the words that are built in; that it failed is said.
func (c *content) useOwn(own fsm.Templates, a fsm.Alert, p Options) {
	if own == (fsm.Templates{}) {
		return
	}
	data := dataOf(*c, a, p)
	fill := func(name, source string, by func(string, templates.Data) (string, error)) string {
		if source == "" {
			return ""
		}
		text, err := by(source, data)
		if err != nil {
			if p.OwnFailed != nil {
				p.OwnFailed(name, err)
			}
			c.Notes = append(c.Notes, fmt.Sprintf("Your template of the %s failed (%s): these are the words that are built in.", name, OneLine(err.Error())))
		}
		return text
	}
	if subject := fill("subject", own.Subject, templates.Subject); subject != "" {
		c.Subject = strings.TrimSpace(subject)
	}
	if text := fill("text", own.Text, templates.Text); text != "" {
		c.Lead = append(strings.Split(cleanOutput(text), "\n"), c.Lead[c.said:]...) // what else is told stays
	}
}

// dataOf is what a template may tell of an alert. The times are in its zone.
func dataOf(c content, a fsm.Alert, p Options) templates.Data {
	d := templates.Data{Count: 1, Subject: c.Subject, Text: strings.Join(c.Lead[:c.said], "\n"), Link: p.Page(a)}
	d.State, d.Name, _ = strings.Cut(strings.TrimPrefix(c.Subject, "["), "] ")
	if a.Kind == fsm.AlertDigest {
		d.Count = len(c.Lines) + c.More
		return d
	}
	a = inZone(a)
	e, about := a.Evidence, a.About
	d.Since, d.LastGood, d.LastPing, d.Due = timeOrNone(downSince(a)), timeOrNone(about.LastGood), timeOrNone(e.LastPing), timeOrNone(e.Due)
	if e.Down > 0 {
		d.Down = formatDuration(e.Down)
	}
	if e.Exit > 0 {
		d.ExitStatus = strconv.Itoa(e.Exit)
	}
	if about.Took > 0 {
		d.Took = formatRun(about.Took)
	}
	if about.Usual > 0 {
		d.Usual = formatRun(about.Usual)
	}
	d.FailsWith, d.Owner, d.Runbook, d.Description, d.Tags = failsWith(about), about.Owner, about.Runbook, about.Description, joinNames(about.Tags)
	if !a.OfSystem() {
		d.Slug, d.ID, d.Incident = about.Slug, a.Heartbeat.String(), a.IncidentID()
	}
	return d
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return formatTime(t)
}
