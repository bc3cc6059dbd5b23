package roster

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	descReads = prometheus.NewDesc("quorumbeat_page_cache_reads_total",
		"Looks of pages at the order of all heartbeats, which this node keeps: that was fresh, was waited for, or was old for a new one took too long.", []string{"result"}, nil)
	descEntries = prometheus.NewDesc("quorumbeat_page_cache_heartbeats", "Heartbeats in the order that this node keeps for pages.", nil, nil)
	descCost    = prometheus.NewDesc("quorumbeat_page_cache_build_seconds", "Time that it took to make that order when it was last made.", nil, nil)
	descAge     = prometheus.NewDesc("quorumbeat_page_cache_age_seconds", "Age of that order; it is made while somebody looks.", nil, nil)
)

// Describe implements [prometheus.Collector], with Collect.
func (v *View) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(v, ch) }

// Collect tells of the order of all heartbeats.
func (v *View) Collect(ch chan<- prometheus.Metric) {
	for result, word := range readWords {
		ch <- prometheus.MustNewConstMetric(descReads, prometheus.CounterValue, float64(v.reads[result].Load()), word)
	}
	v.mu.Lock()
	now := v.now
	v.mu.Unlock()
	age := 0.0
	if !now.made.IsZero() {
		age = time.Since(now.made).Seconds()
	}
	ch <- prometheus.MustNewConstMetric(descEntries, prometheus.GaugeValue, float64(len(now.Entries)))
	ch <- prometheus.MustNewConstMetric(descCost, prometheus.GaugeValue, now.cost.Seconds())
	ch <- prometheus.MustNewConstMetric(descAge, prometheus.GaugeValue, age)
}
