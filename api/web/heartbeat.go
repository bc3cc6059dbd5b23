package web

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	shownPings  = 50
	usualOf     = 100 // runs that the usual duration is taken from
	shownOthers = 10
	mostLookups = 1000
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
	Usual   show.Usual
	Last    *fsm.PingRecord // the newest that ended a run
	Output  *fsm.PingRecord // the newest with a body
	Pings   []fsm.PingRecord
	Older   uint64 // number to go on from; 0: there are no more
	Alerts  []fsm.Alert
	Others  []row // what fails with it
	Gaps    []fsm.Gap
	PingURL string
	Waiting bool // for its first ping
}

func (s *Site) heartbeat(ctx *fasthttp.RequestCtx, in *session, args []string) error {
	f := s.frame(ctx, in, "", "heartbeats")
	h, err := s.find(args[0])
	if err != nil {
		return err
	}
	before, _ := strconv.ParseUint(string(ctx.QueryArgs().Peek("before")), 10, 64)
	return s.render(ctx, "heartbeat", s.heartbeatPage(f, h, s.back.PingURL(ctx, h.Token), before))
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

// heartbeatPage looks at a heartbeat, with the pings before a number (0: the newest).
func (s *Site) heartbeatPage(f frame, h fsm.Heartbeat, pingURL string, before uint64) heartbeatPage {
	st := stateOf(h, f.Now)
	recent, _, _ := s.store.Pings(h.ID, usualOf, 0)
	shown, more, _ := s.store.Pings(h.ID, shownPings, before)
	alerts, _ := s.store.Alerts(fsm.AlertFilter{Heartbeat: &h.ID, Limit: 20})
	gaps := s.store.Gaps()
	p := heartbeatPage{
		frame: f, Heartbeat: h, State: st.String(), Strip: show.Strip(h, recent, gaps, f.Now), Pings: shown,
		Usual: show.UsualOf(recent), Alerts: alerts, PingURL: pingURL, Waiting: h.Pings == 0,
	}
	p.Chart = show.ChartOf(recent)
	p.Title, p.Live, p.IsLive = p.State+": "+h.Spec.Name, "?heartbeat="+h.ID.String(), before == 0
	p.Icon = cmp.Or(map[state]string{stateFailing: "failing", stateLate: "late"}[st], "ok")
	if more {
		p.Older = shown[len(shown)-1].Number
	}
	for i := range recent {
		if p.Last == nil && (recent[i].Kind == fsm.SignalSuccess || recent[i].Kind == fsm.SignalFail) {
			p.Last = &recent[i]
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
	if st == stateFailing || st == stateLate {
		p.Others = s.failingWith(h, f.Now)
	}
	return p
}

// why tells since when a heartbeat is in its state, and the reason in a sentence. It is
// made of words of ours, numbers and times only.
func why(h fsm.Heartbeat, st state, alerts []fsm.Alert, now time.Time) (since time.Time, words template.HTML) {
	every := "one is expected every " + show.Seconds(h.Spec.Interval)
	last := "No ping ever came"
	if !h.LastPing.IsZero() {
		last = "The last ping came " + string(show.Moment(h.LastPing, now))
	}
	say := func(format string, args ...any) template.HTML { return template.HTML(fmt.Sprintf(format, args...)) }
	switch st {
	case statePaused:
		return h.UpdatedAt, "Somebody paused it: pings are recorded, and misses do not count."
	case stateNew:
		return h.CreatedAt, say("It is waiting for the first ping; %s.", every)
	case stateLate:
		counts := h.NextDue.Add(time.Duration(h.Spec.Grace) * time.Second)
		return h.NextDue, say("It was due %s and has %s of grace: it counts as missed %s.", show.Moment(h.NextDue, now), show.Seconds(h.Spec.Grace), show.Moment(counts, now))
	case stateUp:
		return h.LastPing, say("%s; %s.", last, every)
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
	p := s.view.read(time.Time{})
	at, lookups := now.UnixMilli(), 0
	for _, i := range p.byName {
		e := &p.entries[i]
		if e.ordinal == h.Ordinal || stateAt(e.status, e.lastPing, e.due, at) > stateLate {
			continue
		}
		tagged := slices.ContainsFunc(h.Spec.Tags, e.tagged)
		if !tagged {
			if h.LastFrom == "" || lookups == mostLookups {
				continue
			}
			lookups++
		}
		o, err := s.store.HeartbeatAt(e.ordinal)
		if err != nil || !tagged && o.LastFrom != h.LastFrom {
			continue
		}
		if out = append(out, row{Heartbeat: o, State: stateOf(o, now).String(), Now: now}); len(out) == shownOthers {
			break
		}
	}
	return out
}

// Snippets tells how to ping it.
func (p heartbeatPage) Snippets() []show.Snippet { return show.Snippets(p.PingURL, p.Spec.Slug) }
