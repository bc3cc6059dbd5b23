package api

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x","interval_secs":1,"grace_secs":0,"miss_threshold":1}`)
	r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "")
	r.call("POST", "/v1/heartbeats/x/ping", "")
	r.cluster.pass(4 * time.Second)
	problems, err := testutil.GatherAndLint(r.server.cfg.Registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("linter: %v %v", problems, err)
	}
	body := r.call("GET", "/metrics", "").body
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

// BenchmarkPing is a ping's way through this package, with a cluster that answers
// at once.
func BenchmarkPing(b *testing.B) {
	r := newRig(b)
	h := r.create(`{"name":"x"}`)
	conn, err := r.ln.Dial()
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	req := []byte("POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(req); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
