package metrics

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

// Metrics are the node's own figures about pings.
type Metrics struct {
	requests *prometheus.CounterVec
	http     *prometheus.CounterVec // requests that are no pings
	ok       prometheus.Counter     // of requests: looked up once
	duration prometheus.Histogram
	backup   prometheus.Gauge
	connectionMetrics
}

// Options is what the metrics of a node are about.
type Options struct {
	Version, Revision string // of this program
	Store             *store.Store
	Registry          *prometheus.Registry
	Idle, Active      func() int // how many connections are open
}

// New registers the metrics of a node.
func New(opts Options) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumbeat_ping_requests_total", Help: "Pings answered by this node, by status.",
		}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "quorumbeat_ping_duration_seconds", Help: "Time from a ping's arrival at this node to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	m.http = newHTTPRequests()
	m.backup = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_backup_last_success_timestamp_seconds", Help: "When this node last sent a backup whole; 0: never.",
	})
	m.ok = m.requests.WithLabelValues("200")
	if err := m.connectionMetrics.register(opts); err != nil {
		return nil, err
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_build_info", Help: "1, with what this program was built of.",
		ConstLabels: prometheus.Labels{"version": opts.Version, "revision": opts.Revision, "goversion": runtime.Version()},
	})
	info.Set(1)
	for _, c := range []prometheus.Collector{
		m.requests, m.http, m.duration, m.backup, info, &stateCollector{opts.Store},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := opts.Registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) PingAnswered(status int, d time.Duration) {
	if status == fasthttp.StatusOK {
		m.ok.Inc()
	} else {
		m.requests.WithLabelValues(strconv.Itoa(status)).Inc()
	}
	m.duration.Observe(d.Seconds())
}

// BackedUp notes when a backup was sent whole; the zero time is none.
func (m *Metrics) BackedUp(at time.Time) {
	if !at.IsZero() {
		m.backup.Set(float64(at.UnixMilli()) / 1000)
	}
}

// PingsTaken returns how many pings were answered with 200.
func (m *Metrics) PingsTaken() uint64 {
	var v dto.Metric
	if err := m.ok.Write(&v); err != nil {
		return 0
	}
	return uint64(v.GetCounter().GetValue())
}

func newHTTPRequests() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_http_requests_total", Help: "Requests but pings answered by this node, by the pattern of the address and status.",
	}, []string{"route", "code"})
}

// RequestAnswered counts the answer to what is no ping, by the pattern of its route.
func (m *Metrics) RequestAnswered(pattern string, status int) {
	m.http.WithLabelValues(pattern, strconv.Itoa(status)).Inc()
}
