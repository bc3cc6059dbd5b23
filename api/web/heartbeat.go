package web

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/advice"
	"github.com/quorumbeat/quorumbeat/api/web/roster"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/routing"
)

const (
	recentPings = 200 // that the usual duration, the strip and the chart are made of
	judgedPings = 500 // that settings are played with: some tens of ms at most
	shownOthers = 10
	shownPast   = 10 // incidents
	maxLookups  = 1000
)

// heartbeatPage is one heartbeat, as somebody wants it at three in the morning.
type heartbeatPage struct {
	frame
	fsm.Heartbeat
	State   string
	Why     template.HTML
	Since   time.Time // of the state, as far as it is known
	Strip   []show.Beat
	Chart   show.Chart
	Plots   show.Plots
	Advice  *advice.Advice // nil on older pages of its history, and while the node is busy
	Usual   show.Usual
	Last    *fsm.PingRecord // the newest that ended a run
	Good    *fsm.PingRecord // the newest good run
	Output  *fsm.PingRecord // the newest with a body
	History history
	Told    *incident  // the newest, if it is open or its alerts are under way
	Past    []incident // the newest few
	Tells   []toldOf   // who would be told if it failed now

	Explained routing.Explanation // the same with when, and why not

	Others    []row         // what fails with it
	On        []fsm.Related // what it depends on
	Below     []fsm.Related // the first few that depend on it
	MoreBelow int
	Gaps      []fsm.Gap
	PingURL   string
	Rules     string         // of time zones, that its schedule is kept by; "": it has none
	zone      *time.Location // of the job
	Waiting   bool           // for its first ping
	Troubled  bool           // it fails, or is late

	Maintenance *fsm.Window // that is on; nil: none is
}

func (s *Site) heartbeat(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	f := s.frame(ctx, in, "", "heartbeats")
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	e := excerptOf(ctx.QueryArgs())
	p := s.heartbeatPage(f, h, s.back.PingURLs(ctx)(h.Token), e)
	if e == (excerpt{}) {
		p.Advice = s.adviceOf(h, f.Now)
	}
	return s.render(ctx, "heartbeat", p)
}

// adviceOf is nil if it cannot be had now.
func (s *Site) adviceOf(h fsm.Heartbeat, now time.Time) *advice.Advice {
	back, ok := s.back.Place()
	if !ok {
		return nil
	}
	defer back()
	history, err := schedules.HistoryOf(s.store, h.ID, judgedPings, now)
	if err != nil {
		return nil
	}
	return new(advice.Of(h.Spec, history, s.back.Zones()))
}

// ZoneName is how its time zone is called.
func (p heartbeatPage) ZoneName() string { return p.zone.String() }

// Instant is a moment in full.
func (p heartbeatPage) Instant(t time.Time) template.HTML { return show.Instant(t, p.Now, p.zone) }

// FailuresToAlert is how many reported failures in a row alert.
func (p heartbeatPage) FailuresToAlert() int { return p.Spec.FailuresToAlert() }

// WasDue is when the run was expected whose absence made it fail; nil if nothing is amiss, or
// the job itself told.
func (p heartbeatPage) WasDue() *time.Time {
	if p.Told == nil || !p.Told.Open {
		return nil
	}
	if first := p.Told.First(); first != nil && !first.Evidence.Due.IsZero() {
		return &first.Evidence.Due
	}
	return nil
}

// Overdue reports whether its due time has passed.
func (p heartbeatPage) Overdue() bool { return !p.NextDue.IsZero() && p.NextDue.Before(p.Now) }

// find returns the heartbeat that an address names.
func (s *Site) find(id string) (fsm.Heartbeat, error) {
	parsed, err := fsm.ParseHeartbeatID(id)
	if err != nil {
		return fsm.Heartbeat{}, errNoPage
	}
	h, err := s.store.Heartbeat(parsed)
	if err != nil {
		return h, errNoPage
	}
	return h, nil
}

// heartbeatPage looks at a heartbeat, with a part of its history.
func (s *Site) heartbeatPage(f frame, h fsm.Heartbeat, pingURL string, e excerpt) heartbeatPage {
	st := roster.Of(h, f.Now)
	recent, _, _ := s.store.Pings(h.ID, recentPings, 0)
	alerts, _ := s.store.Alerts(fsm.AlertFilter{Heartbeat: &h.ID, Limit: 20})
	gaps := s.store.Gaps()
	p := heartbeatPage{
		frame: f, Heartbeat: h, State: st.String(), Strip: show.Strip(h, recent, gaps, s.store.PausesAt(h.Ordinal, f.Now), f.Now, s.zoneOf(h.Spec)),
		History: s.history(h, e), Usual: show.UsualOf(recent), PingURL: pingURL, Tells: s.tells(h.Spec), Maintenance: s.maintenanceOf(h.Spec.Tags), Waiting: h.Pings == 0 && st != roster.Failing,
	}
	p.zone = s.zoneOf(h.Spec)
	p.On, p.Below, p.MoreBelow = s.store.Related(h, shownOthers)
	p.MoreBelow -= len(p.Below)
	if len(h.Spec.Schedule) > 0 {
		p.Rules = s.back.Zones().Version()
	}
	p.Explained, _ = s.store.Explain(h.ID) // empty if it was deleted this moment
	p.Chart, p.Plots = show.ChartOf(recent, p.Usual), show.PlotsOf(recent)
	p.Title, p.Live, p.IsLive = p.State+": "+h.Spec.Name, "?heartbeat="+h.ID.String(), e == excerpt{}
	p.Icon = cmp.Or(map[roster.State]string{roster.Failing: "failing", roster.Late: "late"}[st], "ok")
	p.Past = incidentsOf(s.store.IncidentsOf(h.ID), f.In, f.Now, Prefix+"heartbeats/"+h.ID.String())
	p.Past = p.Past[:min(len(p.Past), shownPast)]
	if len(p.Past) > 0 && (p.Past[0].Open || p.Past[0].UnderWay()) {
		p.Told = &p.Past[0]
	}
	for i := range recent {
		if p.Last == nil && (recent[i].Kind == fsm.SignalSuccess || recent[i].Kind == fsm.SignalFail) {
			p.Last = &recent[i]
		}
		if p.Good == nil && recent[i].Kind == fsm.SignalSuccess {
			p.Good = &recent[i]
		}
		if p.Output == nil && len(recent[i].Body) > 0 {
			p.Output = &recent[i]
		}
	}
	p.Since, p.Why = why(h, st, alerts, f.Now)
	for i := len(gaps) - 1; i >= 0 && len(p.Gaps) < 3; i-- {
		if gaps[i].To.After(f.Now.Add(-24 * time.Hour)) {
			p.Gaps = append(p.Gaps, gaps[i])
		}
	}
	if p.Troubled = st == roster.Failing || st == roster.Late; p.Troubled {
		p.Others = s.failingWith(h, f.Now)
	}
	return p
}

// why tells since when a heartbeat is in its state, unless that is not known or the words say it, and the reason in a
// sentence. It is made of words of ours, numbers and times only.
func why(h fsm.Heartbeat, st roster.State, alerts []fsm.Alert, now time.Time) (since time.Time, words template.HTML) {
	every := "one is expected " + template.HTMLEscapeString(show.Expected(h.Spec))
	last := "No ping ever came"
	if !h.LastPing.IsZero() {
		last = "The last ping came " + string(show.Moment(h.LastPing, now))
	}
	say := func(format string, args ...any) template.HTML { return template.HTML(fmt.Sprintf(format, args...)) }
	switch st {
	case roster.Paused:
		words := say("Somebody paused it: pings are recorded, and misses do not count.")
		if !h.PausedUntil.IsZero() {
			words += say(" It is resumed by itself %s.", show.Moment(h.PausedUntil, now))
		}
		return h.UpdatedAt, words
	case roster.New:
		return h.CreatedAt, say("It is waiting for the first ping; %s.", every)
	case roster.Late:
		counts := h.NextDue.Add(time.Duration(h.Spec.Grace) * time.Second)
		return since, say("It was due %s and has %s of grace: it counts as missed %s.", show.Moment(h.NextDue, now), show.Seconds(h.Spec.Grace), show.Moment(counts, now))
	case roster.Up:
		return since, say("%s; %s.", last, every)
	}
	since = h.LastAlert
	if i := slices.IndexFunc(alerts, func(a fsm.Alert) bool { return a.Kind == fsm.AlertDown || a.Kind == fsm.AlertFailure }); i >= 0 {
		e := alerts[i].Evidence
		if since = e.Since; since.IsZero() {
			since = alerts[i].CreatedAt
		}
		if e.Failed || !e.Started.IsZero() {
			return since, show.Cause(alerts[i], now)
		}
	}
	return since, say("%s missed in a row. %s, and %s.", show.Plural(int(h.Misses), "run was", "runs were"), last, every)
}

// failingWith lists what fails too and shares a tag or the address it is pinged from. The
// view knows no addresses: they are looked up for a bounded number.
func (s *Site) failingWith(h fsm.Heartbeat, now time.Time) (out []row) {
	p := s.view.Read(time.Time{})
	at, lookups := now.UnixMilli(), 0
	for _, i := range p.ByName {
		e := &p.Entries[i]
		if e.Ordinal == h.Ordinal || roster.At(e.Status, e.LastPing, e.Due, at) > roster.Late {
			continue
		}
		tagged := slices.ContainsFunc(h.Spec.Tags, e.Tagged)
		if !tagged {
			if h.LastFrom == "" || lookups == maxLookups {
				continue
			}
			lookups++
		}
		o, err := s.store.HeartbeatAt(e.Ordinal)
		if err != nil || !tagged && o.LastFrom != h.LastFrom {
			continue
		}
		if out = append(out, row{Heartbeat: o, State: roster.Of(o, now).String(), Now: now}); len(out) == shownOthers {
			break
		}
	}
	return out
}

// Snippets tells how to ping it.
func (p heartbeatPage) Snippets() []show.Snippet {
	return show.Snippets(p.PingURL, p.Spec)
}
