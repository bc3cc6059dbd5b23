package metrics

import "github.com/prometheus/client_golang/prometheus"

// connectionMetrics are the node's own figures about its public listener.
type connectionMetrics struct {
	AcceptErrors                prometheus.Counter
	ShedIdle, Refused           prometheus.Counter
	ConnectionLimit, ListenerUp prometheus.Gauge
}

func (m *connectionMetrics) register(opts Options) error {
	closed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_http_connections_closed_total", Help: "Connections closed for want of room: idle ones that made room, and new ones refused.",
	}, []string{"reason"})
	m.ShedIdle, m.Refused = closed.WithLabelValues("idle"), closed.WithLabelValues("refused")
	m.AcceptErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "quorumbeat_http_accept_errors_total", Help: "Connections that the system could not hand over, for want of descriptors for instance.",
	})
	m.ConnectionLimit = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_http_connections_limit", Help: "Connections that may be open at once.",
	})
	m.ListenerUp = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_listener_up", Help: "1 while this node's public listener answers this node, else 0.",
	})
	for _, c := range []prometheus.Collector{
		closed, m.AcceptErrors, m.ConnectionLimit, m.ListenerUp,
		openConnections("idle", opts.Idle), openConnections("active", opts.Active),
	} {
		if err := opts.Registry.Register(c); err != nil {
			return err
		}
	}
	return nil
}

func openConnections(state string, count func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quorumbeat_http_connections", Help: "Connections that are open, by whether they wait for the client.",
		ConstLabels: prometheus.Labels{"state": state},
	}, func() float64 { return float64(count()) })
}
