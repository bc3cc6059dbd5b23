package pings

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// ping records what a job tells, a good run most often. It is answered with 200 only
// once that is on the disks of a majority.
func (p *Pings) ping(ctx *fasthttp.RequestCtx, raw, action []byte) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	isDeferred := false
	defer func() {
		if !isDeferred {
			p.metrics.PingAnswered(status, time.Since(start))
		}
	}()
	code, err := p.takePing(ctx, raw, action, start)
	if isDeferred = err == nil && code == deferredPing; err != nil {
		p.server.Refuse(ctx, err)
	} else {
		answerPing(ctx, code == fsm.CodePaused)
	}
	status = ctx.Response.StatusCode()
}

func answerPing(ctx *fasthttp.RequestCtx, paused bool) {
	ctx.Response.Header.SetContentType("application/json")
	body := bodyOK
	if paused {
		body = bodyPaused
	}
	ctx.Response.SetBodyRaw(body)
}

// takePing returns the outcome of what a request tells.
func (p *Pings) takePing(ctx *fasthttp.RequestCtx, raw, action []byte, now time.Time) (fsm.Code, error) {
	switch string(ctx.Method()) { // compared, not copied
	case "GET", "HEAD", "POST", "PUT":
	default:
		return 0, request.NotAllowed("GET", "HEAD", "POST", "PUT")
	}
	token, err := readToken(raw)
	if err != nil {
		return 0, err
	}
	return p.takeToken(ctx, token, action, now, false)
}

// readToken reads a token in a path; what is none is not found.
func readToken(raw []byte) (fsm.Token, error) {
	raw, _ = request.DecodeIfEscaped(raw)
	token, err := fsm.ParseToken(raw)
	if err != nil {
		return token, request.ErrNotFound
	}
	return token, nil
}

// takeToken takes what a request tells of the heartbeat with a token. plain says that the
// answer is that of Healthchecks' API.
func (p *Pings) takeToken(ctx *fasthttp.RequestCtx, token fsm.Token, action []byte, now time.Time, plain bool) (fsm.Code, error) {
	ordinal, err := p.byToken(ctx, token)
	if err != nil {
		return 0, err
	}
	if bare(ctx, action) && !p.ignores(ctx, ordinal) {
		return p.takeBare(ctx, ordinal, now, plain)
	}
	g, err := readSignal(ctx, action, now)
	if err != nil {
		return 0, err
	}
	return p.takeSignal(ctx, target{ordinal: ordinal}, &g, now)
}

// deferredPing is the code of a ping whose outcome is not known yet: the connection
// replies when it is.
const deferredPing = fsm.CodeNone

// takeBare takes a ping that tells nothing else. It does not wait for its outcome if
// the reply can be deferred on its connection.
func (p *Pings) takeBare(ctx *fasthttp.RequestCtx, ordinal uint64, now time.Time, plain bool) (fsm.Code, error) {
	if err := p.limits.Ping(ordinal, now); err != nil {
		return 0, err
	}
	ping := fsm.Ping{Ordinal: ordinal, From: p.server.Remote(ctx)}
	c := deferred.ConnFor(ctx)
	if c == nil {
		return p.Cluster.Ping(now.Add(Limit), ping)
	}
	c.Expect(deferred.Reply{Head: ctx.IsHead(), Plain: plain}, now)
	if err := p.Cluster.PingThen(now.Add(Limit), ping, c.Resolve()); err != nil {
		return fsm.CodeOf(err), err
	}
	c.Defer()
	return deferredPing, nil
}

// ignores reports whether a request is no good run for its method: a chat looked at a link.
func (p *Pings) ignores(ctx *fasthttp.RequestCtx, ordinal uint64) bool {
	return !ctx.IsPost() && p.store.OnlyPost(ordinal)
}

// bare reports whether a request has nothing that could make it more than a plain
// ping.
func bare(ctx *fasthttp.RequestCtx, action []byte) bool {
	return len(action) == 0 && len(ctx.URI().QueryString()) == 0 && !request.HasBody(&ctx.Request.Header) &&
		len(ctx.Request.Header.Peek(headerKey)) == 0
}
