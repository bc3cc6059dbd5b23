package web

import (
	"cmp"
	"errors"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	shownIncidents = 50
	shownAlerts    = 100
)

// incident is one as pages show it.
type incident struct {
	fsm.Incident
	Now  time.Time
	In   *session
	Back string // the page to come back to
}

func (i incident) Moment(t time.Time) template.HTML { return show.Moment(t, i.Now) }

// Instant is a moment in full.
func (i incident) Instant(t time.Time) template.HTML { return show.Instant(t, i.Now, time.UTC) }

// State is its state as a word, which has a shape.
func (i incident) State() string {
	switch {
	case !i.Snoozed.IsZero():
		return "snoozed"
	case !i.AckedAt.IsZero():
		return "acknowledged"
	case i.Open:
		return "open"
	case i.Reason == "unheard":
		return "unheard"
	}
	return "ended"
}

// First is the alert that tells of its beginning; nil if that is no longer kept.
func (i incident) First() *fsm.Alert {
	if len(i.Alerts) == 0 || i.Alerts[0].Kind == fsm.AlertRecovered || i.Alerts[0].Kind == fsm.AlertReminder {
		return nil
	}
	return &i.Alerts[0]
}

// Why tells how it began; of the monitor itself also what that means.
func (i incident) Why() template.HTML {
	if i.System && len(i.Incident.Story) > 0 {
		return show.CauseOf(i.Reason) + " " + template.HTML(template.HTMLEscapeString(i.Incident.Story[0].Note))
	}
	if first := i.First(); first != nil {
		return show.Cause(*first, i.Now)
	}
	return show.CauseOf(i.Reason)
}

// Told tells its story, an event a line.
func (i incident) Told() []show.Line { return show.Story(i.Incident.Story, i.Now) }

// CanAct reports whether whoever looks may acknowledge or snooze it.
func (i incident) CanAct() bool { return i.Open && i.In.CanWrite() }

// Quiet reports whether somebody sees to it.
func (i incident) Quiet() bool { return !i.AckedAt.IsZero() || !i.Snoozed.IsZero() }

// UnderWay reports whether an alert of it is not settled, or needs a person.
func (i incident) UnderWay() bool {
	return slices.ContainsFunc(i.Alerts, func(a fsm.Alert) bool {
		return !a.State.Settled() || a.State == fsm.AlertFailed || a.State == fsm.AlertHeld
	})
}

// Lasted is how long it took, or takes; 0 if nobody knows.
func (i incident) Lasted() time.Duration {
	switch {
	case i.Open:
		return max(i.Now.Sub(i.Since), 0)
	case i.EndedBy == fsm.EndedRecovered:
		return max(i.Until.Sub(i.Since), 0)
	}
	return 0
}

func incidentsOf(list []fsm.Incident, in *session, now time.Time, back string) (out []incident) {
	for _, one := range list {
		out = append(out, incident{one, now, in, back})
	}
	return out
}

// incidentsPage lists incidents: those that go on first, then the newest.
type incidentsPage struct {
	frame
	Open  []incident
	Ended []incident
	More  bool   // more are open than are shown
	Next  string // to go on from; "": there are no more
	Later bool   // it is not the first page
}

func (s *Site) incidents(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	f := s.frame(ctx, in, "", "incidents")
	var before *fsm.IncidentRef
	if ref, err := fsm.ParseIncidentRef(string(ctx.QueryArgs().Peek("before"))); err == nil {
		before = &ref
	}
	return s.render(ctx, "incidents", s.incidentsPage(f, before))
}

func (s *Site) incidentsPage(f frame, before *fsm.IncidentRef) incidentsPage {
	p := incidentsPage{frame: f, Later: before != nil}
	if before == nil {
		var open []fsm.Incident
		open, p.More = s.store.Incidents(fsm.IncidentFilter{Open: true, Limit: shownIncidents})
		p.Open = incidentsOf(open, f.In, f.Now, Prefix+"incidents")
		p.Live, p.IsLive = "?incidents", true
	}
	all, more := s.store.Incidents(fsm.IncidentFilter{Limit: shownIncidents, Before: before})
	if more {
		p.Next = all[len(all)-1].ID()
	}
	for _, one := range all {
		if !one.Open || before != nil {
			p.Ended = append(p.Ended, incident{one, f.Now, f.In, Prefix + "incidents"})
		}
	}
	p.Title, p.Icon = "No open incident", "ok"
	if n := len(p.Open); n > 0 {
		p.Title, p.Icon = show.Plural(n, "open incident", "open incidents"), "failing"
		if p.More {
			p.Title = "Over " + strconv.Itoa(n) + " open incidents"
		}
	}
	if p.Later {
		p.Title = "Older incidents"
	}
	return p
}

func (s *Site) watchIncidents(in session) func() live {
	return func() live {
		p := s.incidentsPage(frame{In: &in, Now: time.Now()}, nil)
		return live{Title: p.Title, Icon: p.Icon, Pieces: []piece{{"incidents", s.part("incidents", "all", p)}}}
	}
}

// snoozes are for how long an incident can be snoozed by a button.
var snoozes = []struct {
	Secs  int64
	Words string
}{{3600, "1 hour"}, {4 * 3600, "4 hours"}, {24 * 3600, "a day"}, {7 * 24 * 3600, "a week"}}

// Snoozes are what a person may choose from.
func (i incident) Snoozes() any { return snoozes }

// ackIncident acknowledges in the name of the key that somebody signed in with.
func (s *Site) ackIncident(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	note := strings.TrimSpace(string(ctx.PostArgs().Peek("note")))
	return s.actOnIncident(ctx, args, "acknowledged", func(ref fsm.IncidentRef) fsm.Command {
		return fsm.AckIncident{Heartbeat: ref.Heartbeat, Incident: ref.Number, Note: note}
	})
}

func (s *Site) unackIncident(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	return s.actOnIncident(ctx, args, "unacknowledged", func(ref fsm.IncidentRef) fsm.Command {
		return fsm.UnackIncident{Heartbeat: ref.Heartbeat, Incident: ref.Number}
	})
}

func (s *Site) snoozeIncident(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	secs, _ := strconv.ParseInt(string(ctx.PostArgs().Peek("for_secs")), 10, 32)
	return s.actOnIncident(ctx, args, "snoozed", func(ref fsm.IncidentRef) fsm.Command {
		return fsm.SnoozeIncident{Heartbeat: ref.Heartbeat, Incident: ref.Number, For: secs * 1000}
	})
}

// actOnIncident commits what a person says of an incident, and shows the page again where they were.
func (s *Site) actOnIncident(ctx *fasthttp.RequestCtx, args []string, did string, cmd func(ref fsm.IncidentRef) fsm.Command) error {
	ref, err := fsm.ParseIncidentRef(args[0])
	if err != nil {
		return errNoPage
	}
	switch _, err := s.back.Propose(ctx, cmd(ref)); {
	case errors.Is(err, fsm.ErrRejected):
		did = "over" // it ended meanwhile
	case err != nil:
		return err
	}
	return see(ctx, comeBack(ctx, "incidents", did))
}

type alertsPage struct {
	frame
	Alerts []fsm.Alert
	State  string
	States []string
	Next   string // to go on from; "": there are no more
	Back   string // this page
}

// alertStates are the states of a row that a person asks for.
var alertStates = []string{"pending", "sent", "failed", "held", "cancelled"}

func (s *Site) alerts(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	filter := fsm.AlertFilter{Limit: shownAlerts}
	state := string(ctx.QueryArgs().Peek("state"))
	filter.State, _ = fsm.ParseAlertState(state)
	if id, err := fsm.ParseAlertID(string(ctx.QueryArgs().Peek("before"))); err == nil {
		filter.Before = &id
	}
	p := alertsPage{frame: s.frame(ctx, in, "Alerts", "alerts"), State: state, States: alertStates, Back: string(ctx.RequestURI())}
	if n := p.Totals.Queue; n > 0 {
		p.Title = show.Plural(n, "alert under way", "alerts under way")
	}
	var more bool
	if p.Alerts, more = s.store.Alerts(filter); more {
		p.Next = p.Alerts[len(p.Alerts)-1].ID.String()
	}
	return s.render(ctx, "alerts", p)
}

// doTo returns a page that has something done about an alert.
func doTo(did string, cmd func(id fsm.AlertID) fsm.Command) page {
	return func(s *Site, ctx *fasthttp.RequestCtx, _ *session, args []string) error {
		id, err := fsm.ParseAlertID(args[0])
		if err != nil {
			return errNoPage
		}
		if _, err := s.back.Propose(ctx, cmd(id)); err != nil {
			return err
		}
		return see(ctx, comeBack(ctx, "alerts", did))
	}
}

var (
	retryAlert   = doTo("retried", func(id fsm.AlertID) fsm.Command { return fsm.RetryAlert{Alert: id} })
	deliverAlert = doTo("delivered", func(id fsm.AlertID) fsm.Command { return fsm.DeliverAlert{Alert: id} })
	holdAlert    = doTo("held", func(id fsm.AlertID) fsm.Command { return fsm.HoldAlert{Alert: id} })
	cancelAlert  = doTo("cancelled", func(id fsm.AlertID) fsm.Command { return fsm.CancelAlert{Alert: id} })
)

// acts are what a person may do about an alert.
type acts struct {
	ID   fsm.AlertID
	CSRF string
	Back string // the page to come back to
	Acts []act
}

type act struct{ Do, Words string }

func actsOn(a fsm.Alert, csrf, back string) acts {
	out := acts{ID: a.ID, CSRF: csrf, Back: back}
	switch single := a.Digest == (fsm.AlertID{}); {
	case a.State == fsm.AlertPending && single && a.Kind != fsm.AlertDigest && !a.InDoubt:
		out.Acts = []act{{"deliver", "Deliver now"}, {"hold", "Hold"}, {"cancel", "Cancel"}}
	case a.State == fsm.AlertPending:
		out.Acts = []act{{"deliver", "Deliver now"}}
	case a.State == fsm.AlertHeld && single && !a.InDoubt:
		out.Acts = []act{{"retry", "Send it"}, {"cancel", "Cancel"}}
	case single && (a.State == fsm.AlertFailed || a.State == fsm.AlertHeld):
		out.Acts = []act{{"retry", "Send again"}}
	}
	return out
}

// comeBack is the address of the page whose form was sent, or of another one of ours.
func comeBack(ctx *fasthttp.RequestCtx, page, did string) string {
	to := cmp.Or(string(ctx.PostArgs().Peek("back")), Prefix+page)
	if !isOwnPath(to) {
		to = Prefix + page
	}
	return withNotice(to, did)
}
