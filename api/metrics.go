package api

import (
	"crypto/subtle"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/metrics"
)

// serveMetrics answers with the node's metrics and those of all heartbeats, or with
// those of the heartbeats that have a tag.
func (s *Server) serveMetrics(ctx *fasthttp.RequestCtx, _ []string) error {
	tag := string(ctx.QueryArgs().Peek("tag"))
	return s.scrape(ctx, metrics.Parts{Node: tag == "", Heartbeats: s.cfg.MetricsPerHeartbeat, Tag: tag})
}

// serveNodeMetrics answers with the metrics of the node.
func (s *Server) serveNodeMetrics(ctx *fasthttp.RequestCtx, _ []string) error {
	return s.scrape(ctx, metrics.Parts{Node: true})
}

func (s *Server) scrape(ctx *fasthttp.RequestCtx, what metrics.Parts) error {
	if err := s.mayScrape(ctx); err != nil {
		return err
	}
	err := s.scrapes.Serve(ctx, what)
	if errors.Is(err, metrics.ErrBusy) {
		return errScrapes
	}
	return err
}

// mayScrape lets through who shows the scrape token or an admin key, or everybody if
// there is no token.
func (s *Server) mayScrape(ctx *fasthttp.RequestCtx) error {
	token := s.secrets.scrape.Load()
	if token == nil {
		return nil
	}
	if key, ok := bearerOf(&ctx.Request.Header); ok {
		if hash := hashKey(key); subtle.ConstantTimeCompare(hash[:], token[:]) == 1 {
			return nil
		}
	}
	if err := s.authorize(ctx); err != nil {
		return err
	}
	return s.lastWordHolds(ctx)
}

// routeValue is the name of the user value that holds the pattern of a request's route.
const routeValue = "route"

// routed answers what is no ping, and counts it.
func (s *Server) routed(ctx *fasthttp.RequestCtx) {
	defer s.countRequest(ctx)
	defer s.recover(ctx)
	if err := s.route(ctx); err != nil {
		s.refuse(ctx, err)
	}
}

// certificateExpiry tells until when the certificate is valid that clients are shown.
func (s *Server) certificateExpiry() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quorumbeat_http_tls_not_after_timestamp_seconds", Help: "When the certificate of the HTTP port expires.",
	}, func() float64 { return float64(s.secrets.cert.Load().Leaf.NotAfter.UnixMilli()) / 1000 })
}

// countRequest counts a request that is no ping by its route.
func (s *Server) countRequest(ctx *fasthttp.RequestCtx) {
	pattern, ok := ctx.UserValue(routeValue).(string)
	if !ok {
		pattern = "none"
	}
	s.met.RequestAnswered(pattern, ctx.Response.StatusCode())
}
