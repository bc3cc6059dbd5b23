package api

import (
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// metrics are the node's own figures about pings.
type metrics struct {
	requests *prometheus.CounterVec
	http     *prometheus.CounterVec // requests that are no pings
	ok       prometheus.Counter     // of requests: looked up once
	duration prometheus.Histogram
	connectionMetrics
}

func newMetrics(cfg Config, store *store.Store, conns *connections) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumbeat_ping_requests_total", Help: "Pings answered by this node, by status.",
		}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "quorumbeat_ping_duration_seconds", Help: "Time from a ping's arrival at this node to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	m.http = newHTTPRequests()
	m.ok = m.requests.WithLabelValues("200")
	if err := m.connectionMetrics.register(cfg.Registry, conns); err != nil {
		return nil, err
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_build_info", Help: "1, with what this program was built of.",
		ConstLabels: prometheus.Labels{"version": cfg.Version, "revision": cfg.Revision, "goversion": runtime.Version()},
	})
	info.Set(1)
	for _, c := range []prometheus.Collector{
		m.requests, m.http, m.duration, info, &stateCollector{store},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := cfg.Registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) pinged(status int, d time.Duration) {
	if status == fasthttp.StatusOK {
		m.ok.Inc()
	} else {
		m.requests.WithLabelValues(strconv.Itoa(status)).Inc()
	}
	m.duration.Observe(d.Seconds())
}

// answered returns how many pings were answered with 200.
func (m *metrics) answered() uint64 {
	var v dto.Metric
	if err := m.ok.Write(&v); err != nil {
		return 0
	}
	return uint64(v.GetCounter().GetValue())
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("quorumbeat_"+name, help, labels, nil)
}

// The replicated figures that are not of one heartbeat: every node exports the same,
// up to its lag.
var (
	descHeartbeats = desc("heartbeats", "Heartbeats by status.", "status")
	descMisses     = desc("misses_total", "Misses of all heartbeats.")
	descAlerts     = desc("alerts_total", "Alerts that ever entered a state.", "kind", "state")
	descQueue      = desc("alert_queue_length", "Alerts that are not settled.")
	descOldest     = desc("alert_oldest_pending_seconds", "Age of the oldest alert that is not settled, 0 if there is none.")
	descGaps       = desc("ingest_gap_seconds_total", "Time in which no ping could commit.")
	descServing    = desc("serving_seconds_total", "Time by the serving clock, which decides deadlines.")
)

// stateCollector reads the replicated figures at each scrape.
type stateCollector struct{ store *store.Store }

func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descHeartbeats, descMisses, descAlerts, descQueue, descOldest, descGaps, descServing,
	} {
		ch <- d
	}
}

func (c *stateCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	t := c.store.Totals()
	gauge(descHeartbeats, float64(t.Active), "active")
	gauge(descHeartbeats, float64(t.Paused), "paused")
	gauge(descHeartbeats, float64(t.Failing), "failing")
	counter(descMisses, float64(t.Misses))
	for _, a := range t.Alerts {
		counter(descAlerts, float64(a.N), a.Kind.String(), a.State.String())
	}
	gauge(descQueue, float64(t.Queue))
	age := 0.0
	if !t.OldestPending.IsZero() {
		age = max(0, time.Since(t.OldestPending).Seconds())
	}
	gauge(descOldest, age)
	counter(descGaps, float64(t.GapTotal)/1000)
	counter(descServing, float64(t.Serving)/1000)
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
