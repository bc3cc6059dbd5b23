package api

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestTheLastBackupIsExported: of this start, or of one before.
func TestTheLastBackupIsExported(t *testing.T) {
	const metric = "quorumbeat_backup_last_success_timestamp_seconds"
	var told atomic.Int64
	before := time.UnixMilli(1_700_000_000_500)
	r := newRigWith(t, func(c *Config) {
		c.LastBackup = before
		c.BackedUp = func(at time.Time) error {
			told.Store(at.UnixMilli())
			return nil
		}
	}, func(*Server) {})
	if got := r.metric(metric); got != "1.7000000005e+09" {
		t.Errorf("before: %s", got)
	}
	began := time.Now()
	r.call("GET", "/v1/backup", "")
	testkit.Eventually(t, "the backup is noted", func() bool { return told.Load() >= began.UnixMilli() })
	if got, err := strconv.ParseFloat(r.metric(metric), 64); err != nil || got < float64(began.Unix()) {
		t.Errorf("after: %v %v", got, err)
	}
	if got := newRig(t).metric(metric); got != "0" {
		t.Errorf("never: %s", got)
	}
}

func TestOpenRunsAreExported(t *testing.T) {
	r := newRig(t)
	ping := "/v1/heartbeats/" + r.create(`{"name":"x"}`).Token + "/ping"
	other := "/v1/heartbeats/" + r.create(`{"name":"y"}`).Token + "/ping"
	r.call("POST", ping+"/start?rid=11111111-1111-4111-8111-111111111111", "")
	r.call("POST", ping+"/start?rid=22222222-2222-4222-8222-222222222222", "")
	r.call("POST", other+"/start", "")
	if got := r.metric("quorumbeat_open_runs"); got != "3" {
		t.Errorf("%s runs", got)
	}
	r.call("POST", ping+"/0", "")
	if got := r.metric("quorumbeat_open_runs"); got != "1" {
		t.Errorf("then %s runs", got)
	}
}

// TestLateHeartbeatsAreExported: only while they are.
func TestLateHeartbeatsAreExported(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	h := r.create(`{"name":"x","interval_secs":1,"grace_secs":3600}`)
	r.create(`{"name":"y"}`)
	late := func() bool {
		body := r.call("GET", "/metrics", "").body
		return strings.Contains(body, "\nquorumbeat_heartbeat_late{id=\""+h.ID+"\",name=\"x\"} 1\n") && strings.Count(body, "\nquorumbeat_heartbeat_late{") == 1
	}
	testkit.Eventually(t, "it is late", late)
	r.call("POST", "/v1/heartbeats/"+h.ID+"/pause", "")
	if late() {
		t.Error("a paused one is late")
	}
}
