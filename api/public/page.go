package public

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	shownIncidents = 50
	incidentsFor   = 90 * 24 * time.Hour
)

// statusPage is what a page shows. It has nothing in it that may not be seen.
type statusPage struct {
	Title     string
	Now       time.Time
	Summary   string
	State     string // of all
	Icon      string
	Jobs      []job
	More      int // that are not shown one by one
	Incidents []incident
}

// Short is the summary as a title begins with it.
func (p statusPage) Short() string {
	words, _, _ := strings.Cut(p.Summary, ":")
	return strings.TrimSuffix(words, ".")
}

// job is one heartbeat.
type job struct {
	Name   string
	State  string
	Uptime string
	Words  string // of the days, for who cannot see them
	Days   []mark
}

// mark draws all days of one kind.
type mark struct{ Kind, Path string }

// incident is one time in which a job failed.
type incident struct {
	Name        string
	From, Until time.Time // Until is zero while it goes on, or if nobody knows
	Open        bool
	Took        time.Duration
}

// render makes a page; s.mu is held.
func (s *Site) render(p fsm.StatusPage, now time.Time) ([]byte, error) {
	v := statusPage{Title: p.Title, Now: now}
	states, seen := tally{}, map[uint64]bool{}
	add := func(h fsm.Heartbeat, alias string) {
		if seen[h.Ordinal] {
			return
		}
		seen[h.Ordinal] = true
		j, incidents := s.look(h, alias, now)
		v.Jobs = append(v.Jobs, j)
		states[j.State]++
		v.Incidents = append(v.Incidents, incidents...)
	}
	for _, named := range p.Heartbeats {
		if h, err := s.store.Heartbeat(named.ID); err == nil {
			add(h, named.Alias)
		}
	}
	byName := len(v.Jobs)
	for _, tag := range p.Tags {
		g := s.group(tag, now)
		for _, ordinal := range g.shown {
			if h, err := s.store.HeartbeatAt(ordinal); err == nil && slices.Contains(h.Spec.Tags, tag) && len(v.Jobs) < shownPerTag+fsm.MaxPageHeartbeats {
				add(h, "")
			}
		}
		v.More += max(0, g.all-len(g.shown))
	}
	slices.SortStableFunc(v.Jobs[byName:], func(a, b job) int { return show.CompareNatural(a.Name, b.Name) })
	slices.SortStableFunc(v.Incidents, func(a, b incident) int { return b.From.Compare(a.From) })
	v.Incidents = v.Incidents[:min(len(v.Incidents), shownIncidents)]
	v.Summary, v.State, v.Icon = states.summary()
	var b bytes.Buffer
	err := s.page.Execute(&b, v)
	return b.Bytes(), err
}

// tally counts jobs by their states.
type tally map[string]int

// summary says how all of them are, and promises nothing of those that nobody hears of.
func (n tally) summary() (words, state, icon string) {
	failing, paused, unheard := n["failing"], n["paused"], n["new"]
	all := n["up"] + failing + paused + unheard
	switch {
	case all == 0:
		return "There is nothing to show.", "paused", "ok"
	case failing == all:
		return "Everything is failing.", "failing", "failing"
	case failing > 0:
		return fmt.Sprintf("%d of %d %s failing.", failing, all, areOf(failing)), "failing", "failing"
	case n["up"] == all:
		return "All is well.", "up", "ok"
	case paused == all:
		return "All are paused: nobody watches them now.", "paused", "ok"
	case unheard == all:
		return "None has reported yet.", "new", "ok"
	}
	var rest []string
	if paused > 0 {
		rest = append(rest, fmt.Sprintf("%d %s paused", paused, areOf(paused)))
	}
	if unheard > 0 {
		rest = append(rest, fmt.Sprintf("%d %s not reported yet", unheard, map[bool]string{true: "has", false: "have"}[unheard == 1]))
	}
	others := strings.Join(rest, ", ") + "."
	if n["up"] == 0 {
		return "None is watched and heard of: " + others, "paused", "ok"
	}
	return fmt.Sprintf("Those that report are well: %d of %d; ", n["up"], all) + others, "up", "ok"
}

func areOf(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// stateOf is a heartbeat's state in a word.
func stateOf(h fsm.Heartbeat) string {
	switch {
	case h.Status != fsm.StatusActive:
		return string(h.Status)
	case h.Pings == 0:
		return "new"
	}
	return "up"
}

// look tells of a heartbeat under the name that the page gives it.
func (s *Site) look(h fsm.Heartbeat, alias string, now time.Time) (job, []incident) {
	name := h.Spec.Name
	if alias != "" {
		name = alias
	}
	days, _ := s.store.UptimeAt(h.Ordinal, now)
	j := job{Name: name, State: stateOf(h), Uptime: "no uptime yet", Days: draw(days), Words: wordsOf(days)}
	if part, ok := fsm.Uptime(days); ok {
		j.Uptime = percent(part) + overWhat(days)
	}
	var list []incident
	for _, in := range s.store.IncidentsOf(h.ID) {
		if i, ok := tell(in, name); ok && now.Sub(i.From) < incidentsFor {
			list = append(list, i)
		}
	}
	return j, list
}

// tell tells of an incident by its times alone.
func tell(in fsm.Incident, name string) (incident, bool) {
	i := incident{Name: name, From: in.Since, Open: in.Open, Until: in.Until}
	if in.Reason == "unheard" { // the monitor's own trouble
		return i, false
	}
	if in.EndedBy == fsm.EndedRecovered {
		i.Took = max(0, i.Until.Sub(i.From))
	} else {
		i.Until = time.Time{} // nobody knows
	}
	return i, true
}

// overWhat tells of which time an uptime is: one that was watched for an hour has none of 90 days.
func overWhat(days []fsm.UptimeDay) string {
	watched := time.Duration(0)
	for _, d := range days {
		watched += time.Duration(d.Watched()) * time.Millisecond
	}
	switch {
	case len(days) > 0 && days[0].Watched() > 0:
		return " over 90 days"
	case watched < time.Minute:
		return " so far"
	}
	return " in the " + show.Span(watched) + " that it was watched"
}

// percent never says 100 % of what was not whole.
func percent(part float64) string {
	text := fmt.Sprintf("%.2f", part*100)
	if part < 1 && text == "100.00" {
		text = "99.99"
	}
	return strings.TrimSuffix(text, ".00") + " %"
}

// kindOf is how a day is drawn.
func kindOf(d fsm.UptimeDay) string {
	part, watched := fsm.Uptime([]fsm.UptimeDay{d})
	switch {
	case !watched:
		return "none"
	case part >= 1:
		return "ok"
	case part >= 0.95:
		return "some"
	}
	return "bad"
}

// draw draws a bar for each day: one path for all of a kind, for there are many.
func draw(days []fsm.UptimeDay) (marks []mark) {
	for _, kind := range []string{"ok", "some", "bad", "none"} {
		var b strings.Builder
		for i, d := range days {
			if kindOf(d) == kind {
				fmt.Fprintf(&b, "M%d 0h3v20h-3z", 4*i)
			}
		}
		if b.Len() > 0 {
			marks = append(marks, mark{kind, b.String()})
		}
	}
	return marks
}

// wordsOf names the worst days.
func wordsOf(days []fsm.UptimeDay) string {
	const named = 10
	var bad []string
	more := 0
	for i := len(days) - 1; i >= 0; i-- {
		d := days[i]
		if down := min(d.Down, d.Watched()); down >= 1000 {
			if len(bad) == named {
				more++
				continue
			}
			bad = append(bad, d.Date.Format("2006-01-02")+": "+show.Span(time.Duration(down)*time.Millisecond))
		}
	}
	switch {
	case len(bad) == 0:
		return "it did not fail while it was watched"
	case more > 0:
		return fmt.Sprintf("failing on %s, and %d days before", strings.Join(bad, ", "), more)
	}
	return "failing on " + strings.Join(bad, ", ")
}
