package pings

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// The ping API of Healthchecks, for jobs that speak it already: see docs/api.md.
// Its answers are plain text; which status and which words is fixed by its clients.

var (
	textOK      = []byte("OK")
	textCreated = []byte("Created")
	bodyLimit   = strconv.Itoa(fsm.MaxBody)

	errBadURL = request.NewProblem(400, "invalid_request", "invalid url format")
	errBadRun = request.NewProblem(400, "invalid_request", "invalid uuid format")
)

const (
	ensuredInterval = 86400
	ensuredGrace    = 3600
)

// healthchecksPath returns what follows /ping in a path of the ping API.
func healthchecksPath(path []byte) (rest []byte, ok bool) {
	const root = "/ping"
	if len(path) < len(root) || string(path[:len(root)]) != root || len(path) > len(root) && path[len(root)] != '/' {
		return nil, false
	}
	return path[len(root):], true
}

// healthchecks answers a request of the ping API that came at start.
func (p *Pings) healthchecks(ctx *fasthttp.RequestCtx, path []byte, start time.Time) {
	const methods = "GET, HEAD, POST"
	switch string(ctx.Method()) {
	case "GET", "HEAD", "POST":
	case "OPTIONS": // a browser asks before it pings
		h := &ctx.Response.Header
		h.Set(fasthttp.HeaderAllow, methods+", OPTIONS")
		h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
		h.Set(fasthttp.HeaderAccessControlAllowMethods, methods)
		h.Set(fasthttp.HeaderAccessControlAllowHeaders, "*")
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	default:
		p.server.Refuse(ctx, request.NotAllowed(methods, "OPTIONS"))
		return
	}
	status := fasthttp.StatusInternalServerError // unless it gets to its end
	isDeferred := false
	defer func() {
		if !isDeferred {
			p.metrics.PingAnswered(status, time.Since(start))
		}
	}()
	created, isDeferred, err := p.takeHealthchecks(ctx, path, start)
	if err != nil {
		p.server.Refuse(ctx, err)
	} else {
		accept(ctx, created)
	}
	status = ctx.Response.StatusCode()
}

func accept(ctx *fasthttp.RequestCtx, created bool) {
	h := &ctx.Response.Header
	h.SetContentType(plainText)
	h.Set("Ping-Body-Limit", bodyLimit)
	h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
	ctx.Response.SetBodyRaw(textOK)
	if created {
		ctx.SetStatusCode(fasthttp.StatusCreated)
		ctx.Response.SetBodyRaw(textCreated)
	}
}

// takeHealthchecks takes what a request tells, and reports whether it made the heartbeat, and
// whether the outcome is not known yet.
func (p *Pings) takeHealthchecks(ctx *fasthttp.RequestCtx, path []byte, now time.Time) (created, isDeferred bool, err error) {
	if token, ok := plainPath(path); ok && bare(ctx, nil) {
		code, err := p.takeToken(ctx, token, nil, now, true)
		return false, err == nil && code == deferredPing, err
	}
	a, err := readAddress(path)
	if err != nil {
		return false, false, err
	}
	created, err = p.takeAddressed(ctx, &a, now)
	return created, false, err
}

// takeAddressed takes what a request tells of the heartbeat that is addressed.
func (p *Pings) takeAddressed(ctx *fasthttp.RequestCtx, a *address, now time.Time) (created bool, err error) {
	t, err := p.whose(ctx, a, now)
	if err != nil {
		return false, err
	}
	g := signal{kind: a.kind, exit: a.exit}
	if g.exit > fsm.MaxExit {
		return false, errBadURL
	}
	if g.run, g.hasRun, err = runArg(ctx); err != nil {
		return false, err
	}
	if g.body, err = pingBody(ctx); err != nil {
		return false, err
	}
	if !ctx.IsPost() {
		g.body = nil
	}
	g.add(compat.Params(ctx.QueryArgs().All()), a.acts)
	g.numbers.Merge(compat.BodyNumbers(g.body))
	if told, ok := compat.Alertmanager(g.body); ok {
		g.add(told, a.acts)
	}
	if t.ordinal == 0 {
		return p.makeAndTell(ctx, t, ensured(a.slug), &g, arrival(ctx, now))
	}
	_, err = p.takeSignal(ctx, t, &g, arrival(ctx, now))
	return false, unknownIfRevoked(err)
}

// runArg reads ?rid=.
func runArg(ctx *fasthttp.RequestCtx) (run [16]byte, given bool, err error) {
	q := ctx.QueryArgs()
	if !q.Has("rid") {
		return run, false, nil
	}
	t, err := fsm.ParseToken(q.Peek("rid"))
	if err != nil {
		return run, false, errBadRun
	}
	return t, true, nil
}
