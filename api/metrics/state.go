package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/fsm/store"
)

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
	descRuns       = desc("open_runs", "Runs that told their start and not yet their end.")
	descServing    = desc("serving_seconds_total", "Time by the serving clock, which decides deadlines.")
)

// stateCollector reads the replicated figures at each scrape.
type stateCollector struct{ store *store.Store }

func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descHeartbeats, descMisses, descAlerts, descQueue, descOldest, descGaps, descServing, descRuns,
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
	gauge(descRuns, float64(c.store.OpenRuns()))
	gauge(descQueue, float64(t.Queue))
	age := 0.0
	if !t.OldestPending.IsZero() {
		age = max(0, time.Since(t.OldestPending).Seconds())
	}
	gauge(descOldest, age)
	counter(descGaps, float64(t.GapTotal)/1000)
	counter(descServing, float64(t.Serving)/1000)
}
