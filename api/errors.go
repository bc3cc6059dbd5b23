package api

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// problem is an error with its place in the table of statuses.
type problem struct {
	status int
	code   string // for machines
	words  string // for people; "": those of the error
	retry  string // seconds for Retry-After; "": none
}

// statuses is the one table from the errors of the state and the cluster to what
// a client sees.
var statuses = []struct {
	err error
	problem
}{
	{fsm.ErrInvalid, problem{400, "invalid_request", "", ""}},
	{fsm.ErrKeyQuota, problem{402, "quota_exceeded", "this API key has made as many heartbeats as its quota (max_heartbeats) allows: delete some of them, or raise it with PATCH /v1/keys/{id}", ""}},
	{fsm.ErrClusterQuota, problem{402, "quota_exceeded", "the cluster has as many heartbeats as its setting --max-heartbeats allows: delete some, or raise it on every node", ""}},
	{fsm.ErrQuota, problem{402, "quota_exceeded", "the cluster's quota is reached: delete what is not needed", ""}},
	{fsm.ErrNotFound, problem{404, "not_found", "not found", ""}},
	{fsm.ErrConflict, problem{409, "version_conflict", "the version given with If-Match is not the current one: read it again", ""}},
	{fsm.ErrExists, problem{409, "already_exists", "it exists already", ""}},
	{fsm.ErrAmbiguous, problem{409, "ambiguous_slug", "ambiguous slug", ""}},
	{fsm.ErrRevoked, errRevoked.problem},
	{fsm.ErrRejected, problem{409, "invalid_state", "", ""}},
	{fsm.ErrNoLeader, problem{503, "no_leader", "no leader could be reached in time; nothing was recorded: try again, or another node", "1"}},
	{fsm.ErrOverloaded, problem{503, "overloaded", "too many requests are waiting; nothing was recorded: try again later", "2"}},
	{fsm.ErrDiskFull, problem{503, "disk_full", "this node's disk, or that of a majority, is nearly full; nothing was recorded: try another node, and make room", "5"}},
	{fsm.ErrTooNew, problem{503, "older_leader", "the leader runs an older version of quorumbeat, which does not know this yet; nothing was recorded: upgrade every node", "60"}},
	{fsm.ErrShutdown, problem{503, "shutting_down", "this node is stopping; nothing was recorded: try another node", "1"}},
	{fsm.ErrUnknownOutcome, problem{503, "unknown_outcome", "the outcome is unknown: it may or may not have been recorded; try again", "1"}},
	{fsm.ErrStale, problem{503, "unknown_outcome", "the outcome is unknown: it may or may not have been recorded; try again", "1"}},
	{fsm.ErrNotLeader, problem{503, "no_leader", "no leader could be reached in time; nothing was recorded: try again, or another node", "1"}},
	{fsm.ErrStaleTerm, problem{503, "no_leader", "the leader changed; nothing was recorded: try again", "1"}},
}

var (
	errNoKey     = &httpError{problem{401, "unauthorized", "no API key was given: send Authorization: Bearer KEY", ""}}
	errUnknown   = &httpError{problem{401, "unauthorized", "the API key is not known", ""}}
	errScope     = &httpError{problem{403, "forbidden", "this key may only ping: use a key of scope admin", ""}}
	errNotFound  = &httpError{problem{404, "not_found", "not found", ""}}
	errTooLarge  = &httpError{problem{413, "body_too_large", "the body is over the limit of 65536 bytes", ""}}
	errHeaders   = &httpError{problem{431, "headers_too_large", "the request's headers are over the limit of 33792 bytes, or its first line of 8192", ""}}
	errMalformed = &httpError{problem{400, "malformed_request", "this is not an HTTP request that can be understood", ""}}
	errTimeout   = &httpError{problem{408, "timeout", "the request did not arrive in time", ""}}
	errUnread    = &httpError{problem{503, "unread", "it was recorded, but this node could not read it back in time: look again", "1"}}
	errScrapes   = &httpError{problem{503, "too_many_scrapes", "too many scrapes at the same time: try again later; /metrics/node and /metrics?tag=TAG are smaller", "5"}}
	errPanic     = &httpError{problem{500, "internal", "an internal error; it was logged", ""}}
)

// httpError is an error that says itself what a client sees.
type httpError struct{ problem }

func (e *httpError) Error() string { return e.words }

// badRequest is a 400 with words of its own.
func badRequest(words string) error {
	return &httpError{problem{400, "invalid_request", words, ""}}
}

// statusOf looks an error up.
func statusOf(err error) problem {
	var own *httpError
	if errors.As(err, &own) {
		return own.problem
	}
	var exceeded *limits.ExceededError
	if errors.As(err, &exceeded) {
		return problem{fasthttp.StatusTooManyRequests, "rate_limited", exceeded.Words, strconv.Itoa(exceeded.RetryAfter)}
	}
	for _, row := range statuses {
		if errors.Is(err, row.err) {
			p := row.problem
			if p.words == "" {
				p.words = err.Error()
			}
			return p
		}
	}
	return errPanic.problem
}

// fail answers with an error, in the form that the clients of the path expect.
func fail(ctx *fasthttp.RequestCtx, err error) {
	p := statusOf(err)
	h := &ctx.Response.Header
	if p.retry != "" {
		h.Set(fasthttp.HeaderRetryAfter, p.retry)
	}
	if p.status == 401 {
		h.Set(fasthttp.HeaderWWWAuthenticate, "Bearer")
	}
	var method *methodError
	if errors.As(err, &method) {
		h.Set(fasthttp.HeaderAllow, method.allow)
	}
	ctx.SetStatusCode(p.status)
	path := rawPath(&ctx.Request.Header)
	if _, ok := healthchecksPath(path); ok || isOther(path) {
		h.SetContentType(plainText)
		ctx.SetBodyString(p.words)
		return
	}
	var body any = map[string]string{"error": p.words, "code": p.code}
	if _, ok := pushPath(path); ok {
		body = pushAnswer{Msg: p.words}
	}
	text, _ := json.Marshal(body)
	h.SetContentType("application/json")
	ctx.SetBody(text)
}

// refuse is fail for what a handler returned; faults of this program are logged.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	fail(ctx, err)
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
