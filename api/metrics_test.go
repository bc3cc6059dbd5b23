package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

func TestMetrics(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x","interval_secs":1,"grace_secs":0,"miss_threshold":1}`)
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	r.call("POST", "/v1/heartbeats/x/ping", "")
	r.cluster.pass(4 * time.Second)
	body := r.call("GET", "/metrics", "").body
	if problems, err := promlint.New(strings.NewReader(body)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("linter: %v %v", problems, err)
	}
	labels := `{id="` + h.ID + `",name="x"} `
	for _, want := range []string{
		"quorumbeat_heartbeat_up" + labels + "0", "quorumbeat_heartbeat_paused" + labels + "0",
		"quorumbeat_heartbeat_consecutive_misses" + labels + "3", "quorumbeat_heartbeat_misses_total" + labels + "3",
		"quorumbeat_heartbeat_pings_total" + labels + "1", "quorumbeat_heartbeat_last_ping_timestamp_seconds" + labels,
		"quorumbeat_heartbeat_next_deadline_timestamp_seconds" + labels,
		`quorumbeat_heartbeats{status="failing"} 1`, `quorumbeat_heartbeats{status="active"} 0`, "quorumbeat_misses_total 3",
		`quorumbeat_ping_requests_total{code="200"} 1`, `quorumbeat_ping_requests_total{code="404"} 1`,
		"quorumbeat_ping_duration_seconds_count 2", `quorumbeat_alerts_total{kind="down",state="failed"} 1`,
		"quorumbeat_alert_queue_length 0", "quorumbeat_alert_oldest_pending_seconds 0", "quorumbeat_ingest_gap_seconds_total 0",
		"quorumbeat_serving_seconds_total 4", `version="v1.2.3"`, "go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestMetricNames holds the names against the contract's, in both directions.
func TestMetricNames(t *testing.T) {
	perHeartbeat := []string{
		"heartbeat_up", "heartbeat_paused", "heartbeat_consecutive_misses", "heartbeat_misses_total", "heartbeat_pings_total",
		"heartbeat_last_ping_timestamp_seconds", "heartbeat_next_deadline_timestamp_seconds",
	}
	always := []string{
		"heartbeats", "misses_total", "ping_requests_total", "ping_duration_seconds", "alerts_total", "alert_queue_length",
		"alert_oldest_pending_seconds", "ingest_gap_seconds_total", "serving_seconds_total", "build_info", "rate_limited_total", "auth_failures_total",
		"http_connections", "http_connections_limit", "http_connections_closed_total", "http_accept_errors_total", "listener_up",
		"http_requests_total", "event_streams", "event_streams_ended_total", "open_runs", "backup_last_success_timestamp_seconds",
		"page_cache_reads_total", "page_cache_heartbeats", "page_cache_build_seconds", "page_cache_age_seconds",
	}
	for name, want := range map[string][]string{
		"with the series of each heartbeat":    slices.Concat(always, perHeartbeat),
		"without the series of each heartbeat": always,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRigWith(t, func(c *Config) { c.MetricsPerHeartbeat = len(want) > len(always) }, func(*Server) {})
			h := r.create(`{"name":"x","interval_secs":1,"grace_secs":0,"miss_threshold":1}`)
			r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
			r.cluster.pass(4 * time.Second)
			var have []string
			for name := range families(t, r.call("GET", "/metrics", "").body) {
				if name, ours := strings.CutPrefix(name, "quorumbeat_"); ours {
					have = append(have, name)
				}
			}
			slices.Sort(have)
			want = slices.Sorted(slices.Values(want))
			if !slices.Equal(have, want) {
				t.Errorf("exported\n%v\nwant\n%v", have, want)
			}
		})
	}
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	r.call("GET", "/v1/heartbeats/"+h.ID, "")
	r.call("HEAD", "/v1/heartbeats/"+h.ID, "")
	r.call("GET", "/v1/heartbeats/"+h.ID, "", "Authorization", "")
	r.call("GET", "/v1/a"+h.ID, "")
	r.call("DELETE", "/readyz", "")
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	r.cluster.onRead = func() { panic("a fault") }
	r.call("GET", "/v1/heartbeats", "")
	body := r.call("GET", "/metrics", "").body
	for series, want := range map[string]string{
		`code="200",route="/v1/heartbeats/{id}"} `: "2", `code="401",route="/v1/heartbeats/{id}"} `: "1",
		`code="404",route="none"} `: "1", `code="405",route="none"} `: "1", `code="500",route="/v1/heartbeats"} `: "1", `code="201",route="/v1/heartbeats"} `: "1",
	} {
		if !strings.Contains(body, series+want) {
			t.Errorf("no %s%s", series, want)
		}
	}
	if n := strings.Count(body, "\nquorumbeat_http_requests_total{"); n != 6 {
		t.Errorf("%d series, want 6: a ping or an address is among them", n)
	}
}
