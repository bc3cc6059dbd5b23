package api

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/fsm"
)

var (
	pingPrefix = []byte("/v1/heartbeats/")
	pingSuffix = []byte("/ping")
	bodyOK     = []byte(`{"status":"ok"}`)
	bodyPaused = []byte(`{"status":"paused"}`)
)

// pingPath returns the token's place in the path of a ping, and that of what the
// ping tells, if the path goes on.
func pingPath(path []byte) (token, action []byte, ok bool) {
	if !bytes.HasPrefix(path, pingPrefix) {
		return nil, nil, false
	}
	path = path[len(pingPrefix):]
	i := bytes.IndexByte(path, '/')
	if i <= 0 || !bytes.HasPrefix(path[i:], pingSuffix) {
		return nil, nil, false
	}
	token, path = path[:i], path[i+len(pingSuffix):]
	if string(token) == bySlugPart { // a slug may be "ping"
		return nil, nil, false
	}
	if len(path) == 0 {
		return token, nil, true
	}
	action = path[1:]
	if len(action) > 1 {
		action = bytes.TrimSuffix(action, []byte("/"))
	}
	if len(action) == 0 { // a slash at the end
		return token, nil, path[0] == '/'
	}
	return token, action, path[0] == '/' && isAction(action)
}

// ping records what a job tells, a good run most often. It is answered with 200 only
// once that is on the disks of a majority.
func (s *Server) ping(ctx *fasthttp.RequestCtx, raw, action []byte) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	isDeferred := false
	defer func() {
		if !isDeferred {
			s.met.PingAnswered(status, time.Since(start))
		}
	}()
	code, err := s.takePing(ctx, raw, action, start)
	if isDeferred = err == nil && code == deferredPing; err != nil {
		s.refuse(ctx, err)
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

// renderFailedPing renders what a handler that waits would have replied.
func (s *Server) renderFailedPing(ctx *fasthttp.RequestCtx, r deferred.Reply, code fsm.Code) {
	if r.Plain {
		ctx.Request.SetRequestURI("/ping")
	}
	if code == fsm.CodePaused {
		answerPing(ctx, true)
	} else {
		s.refuse(ctx, code.Err())
	}
	private(ctx)
}

// okBody is the body of the reply to a recorded ping.
func okBody(r deferred.Reply) []byte {
	if r.Plain {
		return textOK
	}
	return bodyOK
}

// takePing returns the outcome of what a request tells.
func (s *Server) takePing(ctx *fasthttp.RequestCtx, raw, action []byte, now time.Time) (fsm.Code, error) {
	switch string(ctx.Method()) { // compared, not copied
	case "GET", "HEAD", "POST", "PUT":
	default:
		return 0, notAllowed([]string{"GET", "HEAD", "POST", "PUT"})
	}
	token, err := readToken(raw)
	if err != nil {
		return 0, err
	}
	return s.takeToken(ctx, token, action, now, false)
}

// readToken reads a token in a path; what is none is not found.
func readToken(raw []byte) (fsm.Token, error) {
	raw, _ = decoded(raw)
	token, err := fsm.ParseToken(raw)
	if err != nil {
		return token, errNotFound
	}
	return token, nil
}

// takeToken takes what a request tells of the heartbeat with a token. plain says that the
// answer is that of Healthchecks' API.
func (s *Server) takeToken(ctx *fasthttp.RequestCtx, token fsm.Token, action []byte, now time.Time, plain bool) (fsm.Code, error) {
	ordinal, err := s.byToken(ctx, token)
	if err != nil {
		return 0, err
	}
	if bare(ctx, action) && !s.ignores(ctx, ordinal) {
		return s.takeBare(ctx, ordinal, now, plain)
	}
	g, err := readSignal(ctx, action, now)
	if err != nil {
		return 0, err
	}
	return s.takeSignal(ctx, ordinal, &g, now)
}

// deferredPing is the code of a ping whose outcome is not known yet: the connection
// replies when it is.
const deferredPing = fsm.CodeNone

// takeBare takes a ping that tells nothing else. It does not wait for its outcome if
// the reply can be deferred on its connection.
func (s *Server) takeBare(ctx *fasthttp.RequestCtx, ordinal uint64, now time.Time, plain bool) (fsm.Code, error) {
	if err := s.limits.Ping(ordinal, now); err != nil {
		return 0, err
	}
	ping := fsm.Ping{Ordinal: ordinal, From: s.remote(ctx)}
	c := deferred.ConnFor(ctx)
	if c == nil {
		return s.cluster.Ping(now.Add(commandLimit), ping)
	}
	c.Expect(deferred.Reply{Head: ctx.IsHead(), Plain: plain}, now)
	if err := s.cluster.PingThen(now.Add(commandLimit), ping, c.Resolve()); err != nil {
		return fsm.CodeOf(err), err
	}
	c.Defer()
	return deferredPing, nil
}
