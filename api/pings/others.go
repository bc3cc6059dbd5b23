package pings

import (
	"encoding/hex"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// The ping addresses of other monitors: see package compat, which reads them, and
// docs/api.md.

var errNoBearer = request.NewProblem(401, "unauthorized", "no ping key was given: send Authorization: Bearer PING_KEY")

// isOther reports whether a path is an address of another monitor.
func isOther(path []byte) bool {
	_, ok := compat.Path(path)
	return ok
}

// other answers a request to an address of another monitor.
func (p *Pings) other(ctx *fasthttp.RequestCtx, o *compat.Address) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	defer func() { p.metrics.PingAnswered(status, time.Since(start)) }()
	if err := p.takeOther(ctx, o, start); err != nil {
		p.server.Refuse(ctx, err)
	} else if o.Sender != compat.Sentry { // which has its own answer
		accept(ctx, false)
	}
	status = ctx.Response.StatusCode()
}

func (p *Pings) takeOther(ctx *fasthttp.RequestCtx, o *compat.Address, now time.Time) error {
	switch string(ctx.Method()) {
	case "GET", "HEAD", "POST":
	default:
		return request.NotAllowed("GET", "HEAD", "POST")
	}
	a, err := otherAddress(ctx, o)
	if err != nil {
		return err
	}
	switch o.Sender {
	case compat.Sentry:
		return p.checkIn(ctx, &a, now)
	case compat.Cronitor, compat.Gatus:
		if err := statesKnown(ctx, o); err != nil {
			return err
		}
	}
	_, err = p.takeAddressed(ctx, &a, now)
	return err
}

// otherAddress is whose heartbeat it is, and what the path says of it.
func otherAddress(ctx *fasthttp.RequestCtx, o *compat.Address) (a address, err error) {
	a.kind, a.acts, a.exit = o.Kind, o.Acts, noExit
	if o.Token != nil {
		a.token, err = readToken(o.Token)
		return a, err
	}
	key := o.Key
	if o.Sender == compat.Gatus {
		var ok bool
		if key, ok = request.Key(&ctx.Request.Header); !ok {
			return a, errNoBearer
		}
	}
	key, whole := request.DecodeIfEscaped(key)
	slug, ok := request.DecodeIfEscaped(o.Slug)
	if !whole || !ok || len(key) == 0 {
		return a, request.ErrNotFound
	}
	return a, a.names(key, slug)
}

// statesKnown refuses what says how a run went in words that its own monitor does not know
// either: nobody can tell whether that is a good run.
func statesKnown(ctx *fasthttp.RequestCtx, o *compat.Address) error {
	told := compat.Params(ctx.QueryArgs().All())
	switch {
	case told.Fails:
		return nil
	case o.Sender == compat.Gatus && !told.Stated:
		return request.BadRequest("success is missing or unknown; it must be true or false")
	case told.Unread != "":
		return request.BadRequest("the state is not known; it must be run, complete, ok or fail")
	}
	return nil
}

// checkIn takes a check-in of Sentry Crons. If its body describes a monitor that is not
// there, that is made.
func (p *Pings) checkIn(ctx *fasthttp.RequestCtx, a *address, now time.Time) error {
	body, err := pingBody(ctx)
	if err != nil {
		return err
	}
	query := map[string]string{}
	for name, value := range ctx.QueryArgs().All() {
		query[string(name)] = string(value)
	}
	c, wrong := compat.ReadCheckIn(query, body)
	now = arrival(ctx, now)
	t, err := p.bySlug(ctx, a, c.Monitor != nil, now)
	if err != nil { // who may not ping is told no more than that
		return err
	}
	if wrong != nil {
		return request.BadRequest(wrong.Error())
	}
	g := signal{kind: fsm.SignalSuccess, exit: noExit}
	g.add(c.Told, false)
	if t.ordinal == 0 {
		_, err = p.makeAndTell(ctx, t, monitorSpec(a.slug, c.Monitor), &g, now)
	} else {
		_, err = p.takeSignal(ctx, t, &g, now)
	}
	if err != nil {
		return unknownIfRevoked(err)
	}
	ctx.SetStatusCode(fasthttp.StatusAccepted)
	ctx.Response.Header.SetContentType("application/json")
	ctx.SetBodyString(`{"id":"` + hex.EncodeToString(c.Run[:]) + `"}`)
	return nil
}
