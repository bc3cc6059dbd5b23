package alerting

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	deadline prometheus.Histogram
	delivery *prometheus.HistogramVec
	server   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		deadline: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "quorumbeat_deadline_lag_seconds",
			Help:    "Serving time from a passed deadline to its judgement, for the first of those judged together.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		delivery: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "quorumbeat_alert_delivery_duration_seconds",
			Help:    "Time from the claim of an alert to the server's acceptance.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120},
		}, []string{"channel"}),
		server: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "quorumbeat_mail_server_up",
			Help: "1 if this node found at its last try that the mail server answers and takes its sender, 0 if not or not yet.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.deadline, m.delivery, m.server} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) observeLag(d time.Duration) { m.deadline.Observe(d.Seconds()) }
func (m *metrics) observeDelivery(d time.Duration) {
	m.delivery.WithLabelValues("email").Observe(d.Seconds())
}

func (m *metrics) setMailServer(sound bool) {
	m.server.Set(map[bool]float64{true: 1}[sound])
}
