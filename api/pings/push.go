package pings

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// The push URL of Uptime Kuma, for scripts that move over: see docs/api.md.

var (
	pushPrefix = []byte("/api/push/")
	pushOK     = []byte(`{"ok":true}`)
)

// pushAnswer is the form of its refusals.
type pushAnswer struct {
	OK  bool   `json:"ok"`
	Msg string `json:"msg"`
}

// pushPath returns the token's place in a push URL.
func pushPath(path []byte) (token []byte, ok bool) {
	if len(path) <= len(pushPrefix) || !bytes.HasPrefix(path, pushPrefix) {
		return nil, false
	}
	return bytes.TrimSuffix(path[len(pushPrefix):], []byte("/")), true
}

// push takes what a script tells, by whatever method.
func (p *Pings) push(ctx *fasthttp.RequestCtx, raw []byte) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	defer func() { p.metrics.PingAnswered(status, time.Since(start)) }()
	if err := p.takePush(ctx, raw, start); err != nil {
		p.server.Refuse(ctx, err)
	} else {
		ctx.Response.Header.SetContentType("application/json")
		ctx.Response.SetBodyRaw(pushOK)
	}
	status = ctx.Response.StatusCode()
}

func (p *Pings) takePush(ctx *fasthttp.RequestCtx, raw []byte, now time.Time) error {
	token, err := readToken(raw)
	if err != nil {
		return err
	}
	ordinal, err := p.byToken(ctx, token)
	if err != nil {
		return err
	}
	if _, err := pingBody(ctx); err != nil { // which nobody reads
		return err
	}
	_, err = p.takeSignal(ctx, target{ordinal: ordinal}, pushSignal(ctx.QueryArgs()), now)
	return err
}

// pushSignal reads ?status= and ?msg=. Any status but "up" is a failure, as it is
// there. The message "OK", which every script sends that was copied from there, says
// nothing; ?ping= is a number.
func pushSignal(q *fasthttp.Args) *signal {
	g := &signal{kind: fsm.SignalSuccess, exit: noExit}
	if status := q.Peek("status"); len(status) > 0 && string(status) != "up" {
		g.kind = fsm.SignalFail
	}
	g.numbers = compat.PushNumbers(q.Peek("ping"))
	if msg := q.Peek("msg"); string(msg) != "OK" || g.kind == fsm.SignalFail {
		g.body = cutBody(msg)
	}
	return g
}
