package api

import (
	"bytes"
	"encoding/hex"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// The ping addresses of other monitors: see package compat, which reads them, and
// docs/api.md.

var errNoBearer = &httpError{problem{401, "unauthorized", "no ping key was given: send Authorization: Bearer PING_KEY", ""}}

// isOther reports whether a path is an address of another monitor.
func isOther(path []byte) bool {
	_, ok := compat.Path(path)
	return ok
}

// other answers a request to an address of another monitor.
func (s *Server) other(ctx *fasthttp.RequestCtx, o *compat.Address) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	defer func() { s.met.PingAnswered(status, time.Since(start)) }()
	if err := s.takeOther(ctx, o, start); err != nil {
		s.refuse(ctx, err)
	} else if o.Sender != compat.Sentry { // which has its own answer
		accept(ctx, false)
	}
	status = ctx.Response.StatusCode()
}

func (s *Server) takeOther(ctx *fasthttp.RequestCtx, o *compat.Address, now time.Time) error {
	switch string(ctx.Method()) {
	case "GET", "HEAD", "POST":
	default:
		return notAllowed([]string{"GET", "HEAD", "POST"})
	}
	a, err := otherAddress(ctx, o)
	if err != nil {
		return err
	}
	switch o.Sender {
	case compat.Sentry:
		return s.checkIn(ctx, &a, now)
	case compat.Cronitor, compat.Gatus:
		if err := statesKnown(ctx, o); err != nil {
			return err
		}
	}
	_, err = s.takeAddressed(ctx, &a, now)
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
		if key, ok = bearerOf(&ctx.Request.Header); !ok {
			return a, errNoBearer
		}
	}
	key, whole := decoded(key)
	slug, ok := decoded(o.Slug)
	if !whole || !ok || len(key) == 0 {
		return a, errNotFound
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
		return badRequest("success is missing or unknown; it must be true or false")
	case told.Unread != "":
		return badRequest("the state is not known; it must be run, complete, ok or fail")
	}
	return nil
}

// checkIn takes a check-in of Sentry Crons. If its body describes a monitor that is not
// there, that is made.
func (s *Server) checkIn(ctx *fasthttp.RequestCtx, a *address, now time.Time) error {
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
	ordinal, err := s.bySlug(ctx, hashKey(a.key), string(a.slug), c.Monitor != nil, now)
	if err != nil { // who may not ping is told no more than that
		return err
	}
	if wrong != nil {
		return badRequest(wrong.Error())
	}
	g := signal{kind: fsm.SignalSuccess, exit: noExit}
	g.add(c.Told, false)
	if ordinal == 0 {
		_, err = s.makeAndTell(ctx, monitorSpec(string(a.slug), c.Monitor), &g, now)
	} else {
		_, err = s.takeSignal(ctx, ordinal, &g, now)
	}
	if err != nil {
		return unknownIfRevoked(err)
	}
	return reply(ctx, fasthttp.StatusAccepted, map[string]string{"id": hex.EncodeToString(c.Run[:])})
}

// monitorSpec is the heartbeat that a check-in describes.
func monitorSpec(slug string, m *compat.Monitor) fsm.Spec {
	return fields{Name: &slug, Slug: &slug, IntervalSecs: &m.Interval, GraceSecs: &m.Grace, MissThreshold: &m.Threshold}.spec()
}

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
func (s *Server) push(ctx *fasthttp.RequestCtx, raw []byte) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	defer func() { s.met.PingAnswered(status, time.Since(start)) }()
	if err := s.takePush(ctx, raw, start); err != nil {
		s.refuse(ctx, err)
	} else {
		ctx.Response.Header.SetContentType("application/json")
		ctx.Response.SetBodyRaw(pushOK)
	}
	status = ctx.Response.StatusCode()
}

func (s *Server) takePush(ctx *fasthttp.RequestCtx, raw []byte, now time.Time) error {
	token, err := readToken(raw)
	if err != nil {
		return err
	}
	ordinal, err := s.byToken(ctx, token)
	if err != nil {
		return err
	}
	if _, err := pingBody(ctx); err != nil { // which nobody reads
		return err
	}
	_, err = s.takeSignal(ctx, ordinal, pushSignal(ctx.QueryArgs()), now)
	return err
}

// pushSignal reads ?status= and ?msg=. Any status but "up" is a failure, as it is
// there. The message "OK", which every script sends that was copied from there, says
// nothing; nor does ?ping=, a figure for its charts.
func pushSignal(q *fasthttp.Args) *signal {
	g := &signal{kind: fsm.SignalSuccess, exit: noExit}
	if status := q.Peek("status"); len(status) > 0 && string(status) != "up" {
		g.kind = fsm.SignalFail
	}
	if msg := q.Peek("msg"); string(msg) != "OK" || g.kind == fsm.SignalFail {
		g.body = cutBody(msg)
	}
	return g
}
