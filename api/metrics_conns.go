package api

import "github.com/prometheus/client_golang/prometheus"

// connectionMetrics are the node's own figures about its public listener.
type connectionMetrics struct {
	acceptErrors  prometheus.Counter
	shed, refused prometheus.Counter
	limit, up     prometheus.Gauge
}

func (m *connectionMetrics) register(reg prometheus.Registerer, conns *connections) error {
	closed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_http_connections_closed_total", Help: "Connections closed for want of room: idle ones that made room, and new ones refused.",
	}, []string{"reason"})
	m.shed, m.refused = closed.WithLabelValues("idle"), closed.WithLabelValues("refused")
	m.acceptErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "quorumbeat_http_accept_errors_total", Help: "Connections that the system could not hand over, for want of descriptors for instance.",
	})
	m.limit = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_http_connections_limit", Help: "Connections that may be open at once.",
	})
	m.up = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_listener_up", Help: "1 while this node's public listener answers this node, else 0.",
	})
	busy := func(c *owedConn) bool { return !c.idle() }
	for _, c := range []prometheus.Collector{
		closed, m.acceptErrors, m.limit, m.up,
		openConnections("idle", conns, (*owedConn).idle), openConnections("active", conns, busy),
	} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}

func openConnections(state string, conns *connections, has func(*owedConn) bool) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quorumbeat_http_connections", Help: "Connections that are open, by whether they wait for the client.",
		ConstLabels: prometheus.Labels{"state": state},
	}, func() float64 { return float64(len(conns.which(has))) })
}
