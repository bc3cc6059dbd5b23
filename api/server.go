package api

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/events"
	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/listener"
	"github.com/quorumbeat/quorumbeat/api/metrics"
	"github.com/quorumbeat/quorumbeat/api/pieces"
	"github.com/quorumbeat/quorumbeat/api/pings"
	"github.com/quorumbeat/quorumbeat/api/proxied"
	"github.com/quorumbeat/quorumbeat/api/public"
	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

const maxBody = 64 << 10 // of a JSON body

// Server is the HTTP interface of one node.
type Server struct {
	cfg     Config
	store   *store.Store
	cluster Cluster
	secrets secrets
	limits  *limits.Limits
	logins  *limits.Logins
	costly  *limits.Costly
	reading pieces.Pace // of clients that keep such a place
	met     *metrics.Metrics
	scrapes *metrics.Scrapes
	log     *slog.Logger
	http    *fasthttp.Server

	pings  *pings.Pings
	site   *web.Site
	public *public.Site

	streams *events.Streams
	feeds   *events.Source

	proxies   proxied.Networks
	publicURL string

	listener atomic.Pointer[net.Listener]
	conns    *deferred.Pool
	hearing  *listener.Hearing
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
	if cfg.Zones == nil {
		cfg.Zones = schedules.UTC{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, store: store, cluster: c, log: cfg.Logger, costly: limits.NewCostly(), reading: leastPace}
	s.http = s.newHTTPServer()
	pages, err := s.newStreams("page", maxPageStreams)
	if err != nil {
		return nil, err
	}
	if s.streams, err = s.newStreams("api", maxStreams); err != nil {
		return nil, err
	}
	s.feeds = &events.Source{Store: store, Nodes: s.streamedNodes}
	s.site = web.New(backend{s}, store, pages)
	s.public = public.New(store)
	if err := s.SetSecrets(nil); err != nil {
		return nil, err
	}
	if s.met, err = metrics.New(metrics.Options{
		Version: cfg.Version, Revision: cfg.Revision, Store: store, Registry: cfg.Registry,
		Idle: func() int { return s.conns.Idle() }, Active: func() int { return s.conns.Active() },
	}); err != nil {
		return nil, err
	}
	s.met.BackedUp(cfg.LastBackup)
	if err := cfg.Registry.Register(s.site.Lists()); err != nil {
		return nil, err
	}
	s.scrapes = metrics.NewScrapes(store, cfg.Registry)
	if err := s.SetKeys(cfg.AdminKey, cfg.MetricsToken); err != nil {
		return nil, err
	}
	if s.limits, err = limits.New(limits.Options{Rate: cfg.PingRate, Burst: cfg.PingBurst, Registry: cfg.Registry}); err != nil {
		return nil, err
	}
	if s.logins, err = limits.NewLogins(cfg.Registry, cfg.Logger); err != nil {
		return nil, err
	}
	s.pings = pings.New(pingServer{s}, c, store, s.limits, s.met)
	s.conns = deferred.NewPool(s.http, deferred.Options{
		Take: s.pings.TakeDirect, Failed: s.renderFailedPing, Body: pings.OKBody, OwnCookie: web.Cookie, Answered: s.met.PingAnswered,
	})
	s.proxies, _ = proxied.ParseNetworks(cfg.TrustedProxies) // validated
	s.publicURL, _ = proxied.ParsePublicURL(cfg.PublicURL)
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
	s.hearing = &listener.Hearing{Addr: s.listenerAddr, TLS: s.http.TLSConfig != nil, Metrics: s.met, Log: s.log}
	return s, nil
}

func (s *Server) newHTTPServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler: s.handle, ErrorHandler: s.unreadable,
		HeaderReceived: s.seeHeader, ExpectHandler: s.expect,
		DisablePreParseMultipartForm: true,                        // no handler asks for the Content-Type
		StreamRequestBody:            true, MaxRequestBodySize: 1, // each route reads what it needs
		NoDefaultServerHeader: true, CloseOnShutdown: true, TCPKeepalive: true,
		Logger: quiet{},
	}
}

// quiet drops fasthttp's own lines: they tell of clients that went away.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// ErrDeaf is wrapped by what [Server.ProveHearing] returns.
var ErrDeaf = listener.ErrDeaf

// ProveHearing asks this node something over its own public listener until ctx ends, and
// tells whether it answers; see [listener.Hearing].
func (s *Server) ProveHearing(ctx context.Context, tell func(bool)) error {
	return s.hearing.Prove(ctx, func(hears bool) {
		tell(hears)
		st := s.cluster.Status()
		s.site.NoteLeader(time.Now(), st.Term, st.Leader)
	})
}

// listenerAddr is where the server listens; nil if it does not yet.
func (s *Server) listenerAddr() net.Addr {
	if ln := s.listener.Load(); ln != nil {
		return (*ln).Addr()
	}
	return nil
}

// Serve answers requests until Shutdown. If it returns before, nobody is heard any
// more.
func (s *Server) Serve(ln net.Listener) error {
	s.listener.Store(&ln)
	return s.http.Serve(listener.New(ln, listener.Options{
		Most: s.cfg.MaxConnections, TLS: s.http.TLSConfig != nil, Pool: s.conns, Metrics: s.met, Log: s.log,
	}))
}

// Shutdown takes no more connections and waits for the requests under way, until
// ctx ends. Connections that are just being made are reset; see [Server.Leave].
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.ShutdownWithContext(ctx); err != nil {
		return err
	}
	return s.conns.End(ctx)
}

// leaveFor is how long a server that leaves still answers: long enough for a
// handshake that has begun, and for a balancer's next request on a kept connection,
// whose answer tells it that there will be no further one.
const leaveFor = 500 * time.Millisecond

// Listen binds an address for [Server.Serve]. It is plain TCP: sockets of Multipath
// TCP, which Go would make, take no filter.
func Listen(addr string) (net.Listener, error) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	return plain.Listen(context.Background(), "tcp", addr)
}

// Leave is for a sound node, before [Server.Shutdown]: it takes no new connections,
// and answers on those it has for another half a second, or until ctx ends, so that
// no client finds its connection reset.
func (s *Server) Leave(ctx context.Context) {
	s.conns.Leave()
	if ln := s.listener.Load(); ln != nil {
		if err := listener.RefuseNew(*ln); err != nil {
			s.log.Debug("connections that begin now may be reset", "err", err)
		}
	}
	select {
	case <-time.After(leaveFor):
	case <-ctx.Done():
	}
}
