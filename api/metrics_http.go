package api

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
)

// routeValue is the name of the user value that holds the pattern of a request's route.
const routeValue = "route"

func newHTTPRequests() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_http_requests_total", Help: "Requests but pings answered by this node, by the pattern of the address and status.",
	}, []string{"route", "code"})
}

// routed answers what is no ping, and counts it.
func (s *Server) routed(ctx *fasthttp.RequestCtx) {
	defer s.met.routed(ctx)
	defer s.recover(ctx)
	if err := s.route(ctx); err != nil {
		s.refuse(ctx, err)
	}
}

func (m *metrics) routed(ctx *fasthttp.RequestCtx) {
	pattern, ok := ctx.UserValue(routeValue).(string)
	if !ok {
		pattern = "none"
	}
	m.http.WithLabelValues(pattern, strconv.Itoa(ctx.Response.StatusCode())).Inc()
}

// certificateExpiry tells until when the certificate is valid that clients are shown.
func (s *Server) certificateExpiry() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quorumbeat_http_tls_not_after_timestamp_seconds", Help: "When the certificate of the HTTP port expires.",
	}, func() float64 { return seconds(s.secrets.cert.Load().Leaf.NotAfter) })
}
