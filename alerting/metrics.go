package alerting

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
)

type metrics struct {
	deadline prometheus.Histogram
	delivery *prometheus.HistogramVec
	server   prometheus.Gauge
	attempts *prometheus.CounterVec
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
	m.attempts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_channel_attempts_total",
		Help: "Attempts of this node to send an alert by a channel, by its kind and how they ended: sent, retry, failed or in_doubt.",
	}, []string{"channel", "outcome"})
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.deadline, m.delivery, m.server, m.attempts} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) observeLag(d time.Duration) { m.deadline.Observe(d.Seconds()) }

// observeDelivery notes how long an alert took by a kind of channels.
func (m *metrics) observeDelivery(kind string, d time.Duration) {
	m.delivery.WithLabelValues(kind).Observe(d.Seconds())
}

// countAttempt counts an attempt by a channel.
func (m *metrics) countAttempt(kind string, err error) {
	if kind == "" {
		kind = "deleted"
	}
	m.attempts.WithLabelValues(kind, outcomeOf(err)).Inc()
}

func outcomeOf(err error) string {
	if err == nil {
		return "sent"
	}
	return map[channel.Class]string{channel.Trouble: "retry", channel.Unsent: "retry", channel.Refused: "failed", channel.InDoubt: "in_doubt"}[channel.Classify(err)]
}

func (m *metrics) setMailServer(sound bool) {
	m.server.Set(map[bool]float64{true: 1}[sound])
}
