package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/metrics"
	"github.com/quorumbeat/quorumbeat/api/web"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

const (
	maxBody    = 64 << 10 // of a JSON body
	maxHeaders = 8 << 10  // of the head of a request, as fasthttp sees it; see headReader

	readTimeout = 15 * time.Second // for a request
	writeLimit  = 30 * time.Second // for what is written at once
)

// Server is the HTTP interface of one node.
type Server struct {
	cfg     Config
	store   *store.Store
	cluster Cluster
	secrets secrets
	limits  *limits
	logins  *logins
	met     *metrics.Metrics
	scrapes *metrics.Scrapes
	log     *slog.Logger
	http    *fasthttp.Server

	longHeads chan struct{} // has a value for each long head that is being read
	site      *web.Site

	proxies   proxies
	publicURL string

	listener atomic.Pointer[net.Listener]
	leaving  atomic.Bool
	ended    atomic.Bool // no connection is served any more
	conns    connections

	readTimeout time.Duration // of a request, from when it is waited for
	idleTimeout time.Duration // between requests; then a connection rests
	idleLimit   time.Duration // of connections at rest
	hearing     hearing
}

// New makes the server of a node. Errors wrap ErrConfig.
func New(cfg Config, store *store.Store, c Cluster) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	s := &Server{
		cfg: cfg, store: store, cluster: c, log: cfg.Logger,
		readTimeout: readTimeout, idleTimeout: restAfter, idleLimit: idleLimit,
	}
	s.longHeads = make(chan struct{}, longHeads)
	s.site = web.New(backend{s}, store)
	if err := s.SetCookieSecrets(nil); err != nil {
		return nil, err
	}
	var err error
	if s.met, err = metrics.New(metrics.Options{
		Version: cfg.Version, Revision: cfg.Revision, Store: store, Registry: cfg.Registry, Idle: s.conns.idle, Active: s.conns.active,
	}); err != nil {
		return nil, err
	}
	s.scrapes = metrics.NewScrapes(store, cfg.Registry)
	if err := s.SetKeys(cfg.AdminKey, cfg.MetricsToken); err != nil {
		return nil, err
	}
	if s.limits, err = newLimits(cfg); err != nil {
		return nil, err
	}
	if s.logins, err = newLogins(cfg); err != nil {
		return nil, err
	}
	s.proxies, _ = parseProxies(cfg.TrustedProxies) // validated
	s.publicURL, _ = parsePublicURL(cfg.PublicURL)
	s.http = &fasthttp.Server{
		Handler: s.handle, ErrorHandler: s.unreadable, ConnState: state,
		HeaderReceived: s.seeHeader, ExpectHandler: s.expect,
		DisablePreParseMultipartForm: true,                        // the Content-Type is nobody's affair
		StreamRequestBody:            true, MaxRequestBodySize: 1, // each route reads what it needs
		ReadBufferSize: maxHeaders, WriteBufferSize: writeBuffer,
		NoDefaultServerHeader: true, CloseOnShutdown: true, TCPKeepalive: true,
		Logger: quiet{},
	}
	if cfg.TLSCert != "" {
		cert, err := readCertificate(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, err
		}
		s.secrets.cert.Store(cert)
		if err := cfg.Registry.Register(s.certificateExpiry()); err != nil {
			return nil, err
		}
		s.http.TLSConfig = s.secrets.tlsConfig()
	}
	return s, nil
}

// quiet drops fasthttp's own lines: they tell of clients that went away.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Serve answers requests until Shutdown. If it returns before, nobody is heard any
// more.
func (s *Server) Serve(ln net.Listener) error {
	s.listener.Store(&ln)
	return s.http.Serve(newPublicListener(ln, s))
}

// Shutdown takes no more connections and waits for the requests under way, until
// ctx ends. Connections that are just being made are reset; see [Server.Leave].
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.ShutdownWithContext(ctx); err != nil {
		return err
	}
	s.ended.Store(true)
	return s.emptied(ctx)
}

// emptied waits until every connection is closed. fasthttp does not: it is done with
// one before it closes it, and that may have to wait for an answer that is owed; and
// it knows nothing of those that rest.
func (s *Server) emptied(ctx context.Context) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for s.conns.len() > 0 {
		s.conns.closeWaiting()
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// handle answers every request, whatever happens in it.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	defer private(ctx)
	defer s.recover(ctx)
	defer s.dismiss(ctx)
	begin(ctx.Conn(), ctx.Time())
	if hasBody(&ctx.Request.Header) {
		linger(ctx.Conn()) // if it is closed before the body is read
	}
	path := rawPath(&ctx.Request.Header)
	if token, action, ok := pingPath(path); ok {
		s.ping(ctx, token, action)
		return
	}
	if rest, ok := healthchecksPath(path); ok {
		s.healthchecks(ctx, rest, ctx.Time())
		return
	}
	if token, ok := pushPath(path); ok {
		s.push(ctx, token)
		return
	}
	if o, ok := compat.Path(path); ok {
		s.other(ctx, &o)
		return
	}
	if !s.dashboard(ctx, path) {
		s.routed(ctx)
	}
	if ctx.Response.IsBodyStream() {
		stream(ctx.Conn())
	}
}

func (s *Server) recover(ctx *fasthttp.RequestCtx) {
	if p := recover(); p != nil {
		s.log.Error("a request met a fault in this program: please report it", "method", string(ctx.Method()), "fault", fmt.Sprint(p), "stack", string(debug.Stack()))
		ctx.Response.Reset()
		fail(ctx, errPanic)
	}
}

var (
	headerCache   = []byte(fasthttp.HeaderCacheControl)
	noStore       = []byte("no-store")
	headerNosniff = []byte("X-Content-Type-Options")
	nosniff       = []byte("nosniff")
	okLines       = []byte(string(statusLine) + "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n")
)

// private has no cache keep an answer: one in front of a node would answer pings itself.
// Nor may a browser guess what it is. Who wants an answer to be kept says so before.
func private(ctx *fasthttp.RequestCtx) {
	if c, ok := ctx.Conn().(*lingerConn); ok && c.owes {
		return // see keep
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
	if isTimeout(err) {
		fail(ctx, errTimeout)
		return
	}
	linger(ctx.Conn())
	var small *fasthttp.ErrSmallBuffer
	if errors.As(err, &small) {
		fail(ctx, errHeaders)
		return
	}
	fail(ctx, errMalformed)
}
