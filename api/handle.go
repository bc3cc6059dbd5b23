package api

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/proxied"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/valyala/fasthttp"
)

// handle answers every request, whatever happens in it.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	defer private(ctx)
	defer s.recover(ctx)
	defer s.closeIfLeaving(ctx)
	deferred.BeginRequest(ctx.Conn(), ctx.Time())
	if request.HasBody(&ctx.Request.Header) {
		deferred.Linger(ctx.Conn()) // if it is closed before the body is read
	}
	path := request.Path(&ctx.Request.Header)
	if s.pings.Serve(ctx, path) {
		return
	}
	if !s.dashboard(ctx, path) {
		s.routed(ctx)
	}
	if ctx.Response.IsBodyStream() {
		deferred.NoteStream(ctx.Conn())
	}
}

func (s *Server) recover(ctx *fasthttp.RequestCtx) {
	if p := recover(); p != nil {
		s.reportFault(string(ctx.Method()), p)
		ctx.Response.Reset()
		fail(ctx, errPanic)
	}
}

func (s *Server) reportFault(method string, p any) {
	s.log.Error("a request met a fault in this program: please report it", "method", method, "fault", fmt.Sprint(p), "stack", string(debug.Stack()))
}

var (
	headerCache   = []byte(fasthttp.HeaderCacheControl)
	noStore       = []byte("no-store")
	headerNosniff = []byte("X-Content-Type-Options")
	nosniff       = []byte("nosniff")
)

// private has no cache keep an answer: one in front of a node would answer pings itself.
// Nor may a browser guess what it is. Who wants an answer to be kept says so before.
func private(ctx *fasthttp.RequestCtx) {
	if deferred.Defers(ctx.Conn()) {
		return // the connection adds these headers
	}
	h := &ctx.Response.Header
	h.SetCanonical(headerNosniff, nosniff)
	if len(h.Peek(fasthttp.HeaderCacheControl)) == 0 {
		h.SetCanonical(headerCache, noStore)
	}
}

// unreadable answers what fasthttp could not read as a request. The rest of it may still
// be on its way.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	defer private(ctx)
	if request.IsTimeout(err) {
		fail(ctx, request.ErrTimeout)
		return
	}
	deferred.Linger(ctx.Conn())
	var small *fasthttp.ErrSmallBuffer
	if errors.As(err, &small) {
		fail(ctx, errHeaders)
		return
	}
	fail(ctx, request.ErrMalformed)
}

// closeIfLeaving ends the request's connection with its answer if the server leaves, or if
// the connection holds too much.
func (s *Server) closeIfLeaving(ctx *fasthttp.RequestCtx) {
	if s.conns.Leaving() || deferred.HoldsTooMuch(ctx.Conn()) {
		ctx.SetConnectionClose()
	}
}

// remote returns who called: the connection's other end, or whom trusted proxies name.
func (s *Server) remote(ctx *fasthttp.RequestCtx) netip.Addr {
	from := deferred.Peer(ctx.Conn())
	if len(s.proxies) == 0 {
		return from
	}
	return s.proxies.Client(from, &ctx.Request.Header)
}

// origin is where clients reach this node: --public-url, or the scheme and host that the
// client used, also behind a proxy that ends TLS. A client that names no host, or what
// cannot be one, gets the address it connected to.
func (s *Server) origin(ctx *fasthttp.RequestCtx) string {
	if s.publicURL != "" {
		return s.publicURL
	}
	scheme := "http"
	if ctx.IsTLS() || string(ctx.Request.Header.Peek(fasthttp.HeaderXForwardedProto)) == "https" {
		scheme = "https"
	}
	host := string(ctx.Request.Header.Host())
	if !proxied.IsHost(host) {
		host = ctx.LocalAddr().String()
	}
	return scheme + "://" + host
}

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
