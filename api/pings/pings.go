package pings

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/metrics"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// Limit is how long a ping waits for its outcome, elections included.
const Limit = 10 * time.Second

const plainText = "text/plain; charset=utf-8"

// Cluster has pings committed. Its methods are those of the cluster that the server has.
type Cluster interface {
	Ping(deadline time.Time, p fsm.Ping) (fsm.Code, error)
	PingThen(deadline time.Time, p fsm.Ping, then func(fsm.Code)) error
	ReadBarrier(ctx context.Context) error
}

// Server is what pings need of the server that their requests came to.
type Server interface {
	// ProposeUntil commits a command before a deadline.
	ProposeUntil(deadline time.Time, cmd fsm.Command) (fsm.Result, error)
	// FindAfterBarrier asks again behind the shared barrier for what this node does not
	// know, and counts it as a guess, for a reason, if it is not known there either.
	FindAfterBarrier(ctx *fasthttp.RequestCtx, limit time.Duration, reason string, known func() bool) (bool, error)
	// NoteUnknownKey counts a failed login.
	NoteUnknownKey(ctx *fasthttp.RequestCtx)
	// NoteKey notes that a key was used.
	NoteKey(key fsm.KeyID)
	// Remote is who called.
	Remote(ctx *fasthttp.RequestCtx) netip.Addr
	// Refuse answers with an error.
	Refuse(ctx *fasthttp.RequestCtx, err error)
	// Complete adds to an answer what all have.
	Complete(ctx *fasthttp.RequestCtx)
	// ReportFault tells of a fault in this program.
	ReportFault(fault any)
}

// Pings takes the pings that come to a server.
type Pings struct {
	Cluster Cluster
	server  Server
	store   *store.Store
	limits  *limits.Limits
	limited bool // pings are, each heartbeat's
	metrics *metrics.Metrics
	replies readyReplies
}

// New takes the pings of a server.
func New(server Server, cluster Cluster, store *store.Store, l *limits.Limits, m *metrics.Metrics) *Pings {
	return &Pings{Cluster: cluster, server: server, store: store, limits: l, limited: l.LimitsPings(), metrics: m}
}

// Serve answers a request whose path takes pings, and reports whether it does.
func (p *Pings) Serve(ctx *fasthttp.RequestCtx, path []byte) bool {
	if token, action, ok := pingPath(path); ok {
		p.ping(ctx, token, action)
		return true
	}
	if rest, ok := healthchecksPath(path); ok {
		p.healthchecks(ctx, rest, ctx.Time())
		return true
	}
	if token, ok := pushPath(path); ok {
		p.push(ctx, token)
		return true
	}
	if o, ok := compat.Path(path); ok {
		p.other(ctx, &o)
		return true
	}
	return false
}

// IsPath reports whether a path takes pings, of whatever body.
func IsPath(path []byte) bool {
	_, _, ping := pingPath(path)
	_, healthchecks := healthchecksPath(path)
	_, push := pushPath(path)
	return ping || healthchecks || push || isOther(path)
}

// WriteProblem writes a problem in the form that the clients of a path expect, and reports whether that
// differs from the one of /v1.
func WriteProblem(ctx *fasthttp.RequestCtx, words string) bool {
	path := request.Path(&ctx.Request.Header)
	if _, ok := healthchecksPath(path); ok || isOther(path) {
		ctx.Response.Header.SetContentType(plainText)
		ctx.SetBodyString(words)
		return true
	}
	_, ok := pushPath(path)
	if ok {
		text, _ := json.Marshal(pushAnswer{Msg: words})
		ctx.Response.Header.SetContentType("application/json")
		ctx.SetBody(text)
	}
	return ok
}

// RenderFailed renders, for a ping whose reply was deferred and which was not recorded, what a handler that
// waits would have replied.
func (p *Pings) RenderFailed(ctx *fasthttp.RequestCtx, r deferred.Reply, code fsm.Code) {
	if r.Plain {
		ctx.Request.SetRequestURI("/ping")
	}
	if code == fsm.CodePaused {
		answerPing(ctx, true)
	} else {
		p.server.Refuse(ctx, code.Err())
	}
}

// OKBody is the body of the reply to a recorded ping.
func OKBody(r deferred.Reply) []byte {
	if r.Plain {
		return textOK
	}
	return bodyOK
}
