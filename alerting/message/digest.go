package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// composeDigest says what happened to several heartbeats, each with its newest state.
func composeDigest(members []fsm.Alert) content {
	members = newestOfEach(members)
	for i := range members {
		members[i] = inZone(members[i])
	}
	groups := groupMembers(members)
	var c content
	for _, g := range groups {
		for i, m := range g.members {
			line := digestLine{Tag: subjectTag(m), Name: m.Evidence.Name, Text: digestLineOf(m)}
			if i == 0 {
				line.Head = g.head
			}
			c.Lines = append(c.Lines, line)
		}
		if g.sentence != "" {
			c.Lead = append(c.Lead, g.sentence)
			c.Groups = append(c.Groups, Shared{g.group.By.String(), g.group.Value, len(g.members)})
		}
	}
	c.Lines = c.Lines[:min(len(c.Lines), maxLines)]
	c.More = len(members) - len(c.Lines)
	tags, lead := leadOfDigest(members, groups)
	c.Subject = fmt.Sprintf("[%s] %s", tags, nameMembers(members, groups))
	c.Lead = append(c.Lead, lead...)
	return c
}

// listed is some members of a digest under a heading.
type listed struct {
	group                 Group // of what has something in common
	head, short, sentence string
	members               []fsm.Alert
}

// groupMembers puts what fails under headings, and what is well again, by what they have in common; then the others.
func groupMembers(members []fsm.Alert) (list []listed) {
	failing := make([]fsm.Alert, 0, len(members)) // most are
	var well, rest []fsm.Alert
	for _, m := range members {
		switch m.Kind {
		case fsm.AlertRecovered:
			well = append(well, m)
		case fsm.AlertUnheard:
			rest = append(rest, m)
		default:
			failing = append(failing, m)
		}
	}
	var others []fsm.Alert
	mixed := isMixed(members)
	for _, some := range [][]fsm.Alert{failing, well} {
		groups, left := GroupOf(some)
		for _, g := range groups {
			x := listed{group: g, short: fmt.Sprintf("%d %s", len(g.Members), g.with()), sentence: g.sentence(some)}
			x.short += wordIf(mixed, some[g.Members[0]])
			x.head, x.members = x.short+":", make([]fsm.Alert, 0, len(g.Members))
			for _, i := range g.Members {
				x.members = append(x.members, some[i])
			}
			list = append(list, x)
		}
		others = slices.Grow(others, len(left)+len(rest))
		for _, i := range left {
			others = append(others, some[i])
		}
	}
	if others = append(others, rest...); len(others) > 0 {
		x := listed{members: others}
		if len(list) > 0 {
			x.head = fmt.Sprintf("%d others:", len(others))
			if len(others) == 1 {
				x.head = "Another one:"
			}
		}
		list = append(list, x)
	}
	return list
}

// isMixed reports whether some of the members are down, and others well again.
func isMixed(members []fsm.Alert) bool {
	down, well := false, false
	for _, m := range members {
		well = well || m.Kind == fsm.AlertRecovered
		down = down || m.Kind != fsm.AlertRecovered && m.Kind != fsm.AlertUnheard
	}
	return down && well
}

// wordIf is what a subject adds to a name if some of its names are down, and others are well again.
func wordIf(mixed bool, a fsm.Alert) string {
	switch {
	case !mixed || a.Kind == fsm.AlertUnheard || a.OfSystem():
		return ""
	case a.Kind == fsm.AlertRecovered:
		return " recovered"
	}
	return " down"
}

// tells reports whether the sentence of a group counts all n heartbeats of a kind of news, and no others.
func (l listed) tells(n int64, of news) bool {
	return l.sentence != "" && int64(len(l.members)) == n && !slices.ContainsFunc(l.members, func(m fsm.Alert) bool { return newsOf(m) != of })
}

// newestOfEach leaves one alert of each heartbeat, the newest: a digest counts
// heartbeats, not how often they failed.
func newestOfEach(members []fsm.Alert) []fsm.Alert {
	newest, at := make([]fsm.Alert, 0, len(members)), make(map[fsm.HeartbeatID]int, len(members))
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
	text := newestState(a)
	if a.Evidence.Flaps > 0 {
		text += "; " + flapText(a.Evidence)
	}
	if words := dependents(a); words != "" {
		text += "; also failing, and " + words
	}
	return text
}

func newestState(a fsm.Alert) string {
	e := a.Evidence
	switch {
	case a.OfSystem():
		return OneLine(systemLead(a))
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

// countMembers counts heartbeats, and what the monitor tells of itself.
func countMembers(members []fsm.Alert) string {
	var ofSystem int64
	for _, m := range members {
		if m.OfSystem() {
			ofSystem++
		}
	}
	var counts []string
	if n := int64(len(members)) - ofSystem; n > 0 {
		counts = append(counts, plural(n, "heartbeat", "heartbeats"))
	}
	if ofSystem > 0 {
		counts = append(counts, plural(ofSystem, "message of the monitor", "messages of the monitor"))
	}
	return strings.Join(counts, " and ")
}

// nameMembers names the groups and the first few of the other members, as many as fit a subject.
func nameMembers(members []fsm.Alert, groups []listed) string {
	if len(members) == 1 {
		return members[0].Evidence.Name
	}
	var names []string
	length, named, mixed := 0, 0, isMixed(members)
	add := func(name string, of int) bool {
		if length += len(name) + 2; length > 80 && len(names) > 0 {
			return false
		}
		names = append(names, name)
		named += of
		return true
	}
	for _, g := range groups {
		if g.short != "" {
			add(g.short, len(g.members))
			continue
		}
		for _, m := range g.members {
			if !add(m.Evidence.Name+wordIf(mixed, m), 1) {
				break
			}
		}
	}
	out := countMembers(members) + ": " + strings.Join(names, ", ")
	if named < len(members) {
		out += ", …"
	}
	return out
}
