package api

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/pings"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// statuses is the one table from the errors of the state and the cluster to what
// a client sees.
var statuses = []struct {
	err  error
	says request.Problem // without words: those of the error
}{
	{fsm.ErrInvalid, request.Problem{Status: 400, Code: "invalid_request"}},
	{fsm.ErrKeyQuota, request.Problem{Status: 402, Code: "quota_exceeded", Words: "this API key has made as many heartbeats as its quota (max_heartbeats) allows: delete some of them, or raise it with PATCH /v1/keys/{id}"}},
	{fsm.ErrClusterQuota, request.Problem{Status: 402, Code: "quota_exceeded", Words: "the cluster has as many heartbeats as its setting --max-heartbeats allows: delete some, or raise it on every node"}},
	{fsm.ErrQuota, request.Problem{Status: 402, Code: "quota_exceeded", Words: "the cluster's quota is reached: delete what is not needed"}},
	{fsm.ErrNotFound, request.Problem{Status: 404, Code: "not_found", Words: "not found"}},
	{fsm.ErrConflict, request.Problem{Status: 409, Code: "version_conflict", Words: "the version given with If-Match is not the current one: read it again"}},
	{fsm.ErrExists, request.Problem{Status: 409, Code: "already_exists", Words: "it exists already"}},
	{fsm.ErrAmbiguous, request.Problem{Status: 409, Code: "ambiguous_slug", Words: "ambiguous slug"}},
	{fsm.ErrRevoked, *errRevoked},
	{fsm.ErrRejected, request.Problem{Status: 409, Code: "invalid_state"}},
	{fsm.ErrNoLeader, request.Problem{Status: 503, Code: "no_leader", Words: "no leader could be reached in time; nothing was recorded: try again, or another node", Retry: "1"}},
	{fsm.ErrOverloaded, request.Problem{Status: 503, Code: "overloaded", Words: "too many requests are waiting; nothing was recorded: try again later", Retry: "2"}},
	{fsm.ErrDiskFull, request.Problem{Status: 503, Code: "disk_full", Words: "this node's disk, or that of a majority, is nearly full; nothing was recorded: try another node, and make room", Retry: "5"}},
	{fsm.ErrTooNew, request.Problem{Status: 503, Code: "older_leader", Words: "the leader runs an older version of quorumbeat, which does not know this yet; nothing was recorded: upgrade every node", Retry: "60"}},
	{fsm.ErrShutdown, request.Problem{Status: 503, Code: "shutting_down", Words: "this node is stopping; nothing was recorded: try another node", Retry: "1"}},
	{fsm.ErrUnknownOutcome, request.Problem{Status: 503, Code: "unknown_outcome", Words: "the outcome is unknown: it may or may not have been recorded; try again", Retry: "1"}},
	{fsm.ErrStale, request.Problem{Status: 503, Code: "unknown_outcome", Words: "the outcome is unknown: it may or may not have been recorded; try again", Retry: "1"}},
	{fsm.ErrNotLeader, request.Problem{Status: 503, Code: "no_leader", Words: "no leader could be reached in time; nothing was recorded: try again, or another node", Retry: "1"}},
	{fsm.ErrStaleTerm, request.Problem{Status: 503, Code: "no_leader", Words: "the leader changed; nothing was recorded: try again", Retry: "1"}},
}

var (
	errNoKey        = request.NewProblem(401, "unauthorized", "no API key was given: send Authorization: Bearer KEY")
	errUnknown      = request.NewProblem(401, "unauthorized", "the API key is not known")
	errNotFound     = request.ErrNotFound
	errTooLarge     = request.NewProblem(413, "body_too_large", "the body is over the limit of 65536 bytes")
	errHeaders      = request.NewProblem(431, "headers_too_large", "the request's headers are over the limit of 33792 bytes, or its first line of 8192")
	errIncidentOver = request.NewProblem(409, "invalid_state", "the incident is over: there is nothing to acknowledge or to snooze")
	errUnread       = &request.Problem{Status: 503, Code: "unread", Words: "it was recorded, but this node could not read it back in time: look again", Retry: "1"}
	errStreams      = &request.Problem{Status: 503, Code: "too_many_streams", Words: "this node has as many event streams as it may: ask another node, or try again later", Retry: "5"}
	errScrapes      = &request.Problem{Status: 503, Code: "too_many_scrapes", Words: "too many scrapes at the same time: try again later; /metrics/node and /metrics?tag=TAG are smaller", Retry: "5"}
	errCostly       = &request.Problem{Status: 503, Code: "too_many_costly", Words: "this node has as many requests that cost much as it works at: ask another node, or try again later", Retry: "5"}
	errPanic        = request.NewProblem(500, "internal", "an internal error; it was logged")
)

// scopeError is a 403 for a key of a scope that does not allow what needs another one.
func scopeError(have, needed string) error {
	words := "this key may only read: use a key of scope " + needed
	switch have {
	case fsm.ScopePing:
		words = "this key may only ping: use a key of scope " + needed
	case fsm.ScopeWrite:
		words = "this key may change heartbeats and alerts only: use a key of scope " + needed
	}
	return request.NewProblem(403, "forbidden", words)
}

// badRequest is a 400 with words of its own.
func badRequest(words string) error { return request.BadRequest(words) }

// statusOf looks an error up.
func statusOf(err error) request.Problem {
	var own *request.Problem
	if errors.As(err, &own) {
		return *own
	}
	var exceeded *limits.ExceededError
	if errors.As(err, &exceeded) {
		return request.Problem{Status: fasthttp.StatusTooManyRequests, Code: "rate_limited", Words: exceeded.Words, Retry: strconv.Itoa(exceeded.RetryAfter)}
	}
	for _, row := range statuses {
		if errors.Is(err, row.err) {
			p := row.says
			if p.Words == "" {
				p.Words = err.Error()
			}
			return p
		}
	}
	return *errPanic
}

// fail answers with an error, in the form that the clients of the path expect.
func fail(ctx *fasthttp.RequestCtx, err error) {
	p := statusOf(err)
	h := &ctx.Response.Header
	if p.Retry != "" {
		h.Set(fasthttp.HeaderRetryAfter, p.Retry)
	}
	if p.Allow != "" {
		h.Set(fasthttp.HeaderAllow, p.Allow)
	}
	if p.Status == 401 {
		h.Set(fasthttp.HeaderWWWAuthenticate, "Bearer")
	}
	ctx.SetStatusCode(p.Status)
	if pings.WriteProblem(ctx, p.Words) {
		return
	}
	text, _ := json.Marshal(map[string]string{"error": p.Words, "code": p.Code})
	h.SetContentType("application/json")
	ctx.SetBody(text)
}

// refuse is fail for what a handler returned; faults of this program are logged.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	fail(ctx, err)
	if isPublic(ctx.Path()) && wantsHTML(&ctx.Request.Header) {
		s.public.Problem(ctx, statusOf(err).Words)
	}
	if ctx.Response.StatusCode() == fasthttp.StatusInternalServerError {
		s.log.Error("a request could not be answered: please report it", "method", string(ctx.Method()), "error", err)
	}
}

// reply answers with JSON.
func reply(ctx *fasthttp.RequestCtx, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	ctx.SetStatusCode(status)
	ctx.Response.Header.SetContentType("application/json")
	ctx.SetBody(body)
	return nil
}
