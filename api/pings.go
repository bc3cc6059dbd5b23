package api

import (
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// pingServer is what package pings sees of the server.
type pingServer struct{ *Server }

func (p pingServer) ProposeUntil(deadline time.Time, cmd fsm.Command) (fsm.Result, error) {
	return p.proposeUntil(deadline, cmd)
}

func (p pingServer) FindAfterBarrier(ctx *fasthttp.RequestCtx, limit time.Duration, reason string, known func() bool) (bool, error) {
	return p.findAfterBarrier(ctx, limit, reason, known)
}

func (p pingServer) NoteUnknownKey(ctx *fasthttp.RequestCtx) {
	p.logins.Fail(limits.UnknownKey, p.remote(ctx))
}

func (p pingServer) NoteKey(key fsm.KeyID) { p.logins.Use(key, time.Now()) }

func (p pingServer) Remote(ctx *fasthttp.RequestCtx) netip.Addr { return p.remote(ctx) }

func (p pingServer) Refuse(ctx *fasthttp.RequestCtx, err error) { p.refuse(ctx, err) }

func (p pingServer) Complete(ctx *fasthttp.RequestCtx) { private(ctx) }

func (p pingServer) ReportFault(fault any) { p.reportFault("ping", fault) }

// renderFailedPing renders the reply to a ping that was not recorded.
func (s *Server) renderFailedPing(ctx *fasthttp.RequestCtx, r deferred.Reply, code fsm.Code) {
	s.pings.RenderFailed(ctx, r, code)
	private(ctx)
}
