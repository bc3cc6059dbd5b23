package pings

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxLate = 24 * time.Hour // that a ping may be delivered after it was sent
	maxSkew = time.Minute    // that a client's clock may be ahead
	maxKey  = 64             // characters of an Idempotency-Key
	noExit  = -1

	headerKey  = "Idempotency-Key"
	headerBody = "Quorumbeat-Body" // "dropped" on the answer if the body was not kept

	headerNumbers = "Quorumbeat-Numbers" // on the answer if numbers were left out: how many, and why
)

// signal is what a request tells besides whose heartbeat it is.
type signal struct {
	kind   fsm.SignalKind
	exit   int // noExit: none
	run    [16]byte
	hasRun bool
	at     int64 // Unix ms; 0: now
	key    [16]byte
	body   []byte // of the request: copy what outlives it

	numbers compat.Numbers
}

// plain reports whether it is an ordinary ping, which takes the cheap path.
func (g *signal) plain() bool {
	return g.kind == fsm.SignalSuccess && g.exit == noExit && !g.hasRun && g.at == 0 && g.key == [16]byte{} && len(g.body) == 0 && len(g.numbers.List) == 0
}

// takeSignal commits a signal for a heartbeat that was looked up; now is when the request's
// header came.
func (p *Pings) takeSignal(ctx *fasthttp.RequestCtx, t target, g *signal, now time.Time) (fsm.Code, error) {
	if p.ignores(ctx, t.ordinal) { // that it came, and from where, is all that is noted
		g = &signal{kind: fsm.SignalLog, exit: noExit}
	}
	if err := p.limits.Ping(t.ordinal, now); err != nil {
		return 0, err
	}
	g.tellDropped(ctx)
	deadline := arrival(ctx, now).Add(Limit)
	ping := fsm.Ping{Ordinal: t.ordinal, From: p.server.Remote(ctx)}
	if g.plain() && !t.keyed {
		return p.Cluster.Ping(deadline, ping)
	}
	var cmd fsm.Command = ping
	if !g.plain() {
		cmd = fsm.Signal{
			Ordinal: t.ordinal, From: ping.From, Tells: g.kind, Exit: g.exit,
			HasRun: g.hasRun, Run: g.run, At: g.at, IdempotencyKey: g.key, Body: g.body,
			Numbers: g.numbers.List,
		}
	}
	res, err := p.server.ProposeUntil(deadline, t.by(cmd))
	if bytes.Equal(res.Data, fsm.BodyDropped) || bytes.Equal(res.Data, fsm.BothDropped) {
		ctx.Response.Header.Set(headerBody, "dropped")
	}
	if bytes.Equal(res.Data, fsm.NumbersDropped) || bytes.Equal(res.Data, fsm.BothDropped) {
		ctx.Response.Header.Set(headerNumbers, fmt.Sprintf("dropped; the history of this heartbeat has numbers of %d names already", fsm.MaxNumbers))
	}
	return res.Code, err
}

// tellDropped says in the answer that numbers were left out: the ping counts all the same.
func (g *signal) tellDropped(ctx *fasthttp.RequestCtx) {
	if n := &g.numbers; n.Dropped > 0 {
		ctx.Response.Header.Set(headerNumbers, fmt.Sprintf("dropped %d; %s", n.Dropped, n.Why))
	}
}

// readSignal reads what a request tells: action is the last part of its path, or
// nothing. now is when the request came.
func readSignal(ctx *fasthttp.RequestCtx, action []byte, now time.Time) (g signal, err error) {
	if g.kind, g.exit, err = readAction(string(action)); err != nil {
		return g, err
	}
	args := ctx.QueryArgs()
	if g.hasRun = args.Has("rid"); g.hasRun {
		raw := args.Peek("rid")
		run, err := fsm.ParseToken(raw)
		if err != nil {
			return g, request.BadRequest(fmt.Sprintf("rid is %.60q; it must be a UUID", raw))
		}
		g.run = run
	}
	if raw := args.Peek("at"); raw != nil {
		if g.at, err = readAt(string(raw), now); err != nil {
			return g, err
		}
	}
	if g.key, err = readKey(ctx.Request.Header.Peek(headerKey)); err != nil {
		return g, err
	}
	if g.body, err = pingBody(ctx); err != nil {
		return g, err
	}
	if m := string(ctx.Method()); m != "POST" && m != "PUT" {
		g.body = nil
	}
	g.add(compat.Params(args.All()), len(action) > 0)
	g.numbers.Merge(compat.BodyNumbers(g.body))
	if told, ok := compat.Alertmanager(g.body); ok {
		g.add(told, len(action) > 0)
	}
	return g, nil
}

// add adds what parameters or a body tell to what the path does. A failure wins over all
// else; a path that acts wins over the rest.
func (g *signal) add(t compat.Told, acts bool) {
	switch {
	case t.Fails:
		g.kind = fsm.SignalFail
		if g.exit <= 0 {
			g.exit = noExit
			if t.Exit > 0 {
				g.exit = t.Exit
			}
		}
	case acts:
	case t.Starts:
		g.kind = fsm.SignalStart
	case g.kind == fsm.SignalSuccess && g.exit == noExit:
		g.exit = t.Exit
	}
	if t.HasRun && !g.hasRun {
		g.run, g.hasRun = t.Run, true
	}
	g.numbers.Merge(t.Numbers)
	if len(g.body) == 0 {
		g.body = cutBody([]byte(t.Text))
	}
}

// actions are the parts of a path that say what is told, but for exit statuses.
var actions = map[string]fsm.SignalKind{
	"": fsm.SignalSuccess, "start": fsm.SignalStart, "fail": fsm.SignalFail, "log": fsm.SignalLog,
}

func isAction(action []byte) bool {
	_, ok := actions[string(action)]
	return ok || isNumber(action)
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func readAction(action string) (kind fsm.SignalKind, exit int, err error) {
	if kind, ok := actions[action]; ok {
		return kind, noExit, nil
	}
	exit, err = strconv.Atoi(action)
	switch {
	case err != nil || exit < 0 || exit > fsm.MaxExit:
		return kind, noExit, request.BadRequest(fmt.Sprintf("the exit status is %.20q; it must be 0 to %d", action, fsm.MaxExit))
	case exit != 0:
		kind = fsm.SignalFail
	}
	return kind, exit, nil
}

// readAt reads the original time of a ping delivered late, in Unix ms.
func readAt(raw string, now time.Time) (int64, error) {
	at, err := time.Parse(time.RFC3339, strings.Replace(raw, " ", "+", 1)) // a plus that was not escaped
	if err != nil {
		secs, numErr := strconv.ParseFloat(raw, 64)
		if numErr != nil || !(secs > 0 && secs < 1e11) {
			return 0, request.BadRequest(fmt.Sprintf("at is %.40q; it must be a time like 2026-05-01T02:00:00Z, or Unix seconds", raw))
		}
		at = time.UnixMilli(int64(secs * 1000))
	}
	switch {
	case at.Before(now.Add(-maxLate)):
		return 0, request.BadRequest(fmt.Sprintf("at is %.40q; it may be at most %.0f hours ago", raw, maxLate.Hours()))
	case at.After(now.Add(maxSkew)):
		return 0, request.BadRequest(fmt.Sprintf("at is %.40q, which is in the future", raw))
	}
	return at.UnixMilli(), nil
}

// readKey hashes an Idempotency-Key; zero for none.
func readKey(raw []byte) (key [16]byte, err error) {
	switch n := utf8.RuneCount(raw); {
	case n == 0:
		return key, nil
	case n > maxKey:
		return key, request.BadRequest(fmt.Sprintf("%s has %d characters; it may have %d", headerKey, n, maxKey))
	}
	sum := sha256.Sum256(raw)
	return [16]byte(sum[:16]), nil
}
