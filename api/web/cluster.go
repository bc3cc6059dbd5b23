package web

import (
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	shownAlerts = 100
	shownGaps   = 20
)

type alertsPage struct {
	frame
	Alerts []fsm.Alert
	State  string
	States []string
	Next   string // to go on from; "": there are no more
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
	p := alertsPage{frame: s.frame(ctx, in, "Alerts", "alerts"), State: state, States: alertStates}
	var more bool
	if p.Alerts, more = s.store.Alerts(filter); more {
		p.Next = p.Alerts[len(p.Alerts)-1].ID.String()
	}
	return s.render(ctx, "alerts", p)
}

func (s *Site) retry(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	id, err := fsm.ParseAlertID(args[0])
	if err != nil {
		return errNoPage
	}
	if _, err := s.back.Propose(ctx, fsm.RetryAlert{Alert: id}); err != nil {
		return err
	}
	return see(ctx, Prefix+"alerts?did=retried")
}

type keysPage struct {
	frame
	Keys    []fsm.Key
	Made    string // shown this once
	Problem string
	Name    string
}

func (s *Site) keysPage(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	if !in.Admin {
		return errReadOnly
	}
	return s.render(ctx, "keys", keysPage{frame: s.frame(ctx, in, "API keys", "keys"), Keys: s.store.Keys()})
}

func (s *Site) makeKey(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	name, scope := string(trim(ctx.PostArgs().Peek("name"))), string(ctx.PostArgs().Peek("scope"))
	key, err := s.back.MakeKey(ctx, name, scope)
	p := keysPage{frame: s.frame(ctx, in, "API keys", "keys"), Made: key, Name: name}
	if err != nil {
		_, words := s.back.Explain(err)
		p.Problem = show.Sentence(words)
		ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
	}
	p.Keys = s.store.Keys()
	return s.render(ctx, "keys", p)
}

func (s *Site) revokeKey(ctx *fasthttp.RequestCtx, _ *session, args []string) error {
	id, err := fsm.ParseKeyID(args[0])
	if err != nil {
		return errNoPage
	}
	if _, err := s.back.Propose(ctx, fsm.DeleteKey{ID: id}); err != nil {
		return err
	}
	return see(ctx, Prefix+"keys?did=revoked")
}

type clusterPage struct {
	frame
	Cluster
	Settings fsm.Settings
	Gaps     []fsm.Gap // newest first
	Queue    int
	Serving  time.Duration
}

// Gone is how long the monitor took no pings, in all the time of the cluster.
func (p clusterPage) Gone() time.Duration {
	return time.Duration(p.Totals.GapTotal) * time.Millisecond
}

func (s *Site) cluster(ctx *fasthttp.RequestCtx, in *session, _ []string) error {
	p := clusterPage{
		frame: s.frame(ctx, in, "Cluster", "cluster"), Cluster: s.back.Cluster(), Settings: s.store.Settings(), Gaps: s.store.Gaps(),
	}
	p.Queue, p.Serving = p.Totals.Queue, time.Duration(p.Totals.Serving)*time.Millisecond
	slices.Reverse(p.Gaps)
	p.Gaps = p.Gaps[:min(len(p.Gaps), shownGaps)]
	if p.NotReady != "" || p.Leader == "" {
		p.Title = "Cluster: not ready"
	}
	p.Live, p.IsLive = "?cluster", true
	return s.render(ctx, "cluster", p)
}
