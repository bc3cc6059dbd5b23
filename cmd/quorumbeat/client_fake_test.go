package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// fakeAPI answers the reads of the API with some things that people have, and notes the
// other requests, which it answers with a heartbeat.
type fakeAPI struct {
	*httptest.Server

	mu    sync.Mutex
	asked []string
}

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	a := &fakeAPI{}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.asked = append(a.asked, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body)))
	a.mu.Unlock()
	var out any = fakeHeartbeats()[0]
	switch path := r.URL.Path; {
	case r.Method != http.MethodGet && strings.Contains(path+"/", "/ping/"):
		out = map[string]string{"status": "ok"}
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
		return
	case path == "/v1/heartbeats" && r.Method == http.MethodGet:
		out = map[string]any{"heartbeats": a.matching(r.URL.Query().Get("q"))}
	case strings.HasSuffix(path, "/pings"):
		out = map[string]any{"pings": fakePings()}
	case strings.HasSuffix(path, "/suggest"):
		out = fakeSuggestions()
	case strings.HasSuffix(path, "/uptime"):
		out = heartbeat.Uptime{Uptime: new(0.98765), Days: []heartbeat.UptimeDay{{Date: "2026-05-01", DownSecs: 83_250, PausedSecs: 600, Uptime: new(0.5)}, {Date: "2026-05-02", Uptime: new(1.0)}}}
	case strings.HasSuffix(path, "/explain"):
		out = fakeExplanation()
	case path == "/v1/schedule/preview":
		out = heartbeat.SchedulePreview{Times: []time.Time{fakeTime, fakeTime.AddDate(0, 0, 1)}, Description: "At 05:04:05, on Saturday and Sunday", TZ: "Europe/Berlin", TZData: "2026a (built in)"}
	case path == "/v1/alerts":
		out = map[string]any{"alerts": fakeAlerts(r.URL.Query().Get("state"))}
	case strings.HasPrefix(path, "/v1/incidents/"):
		in := fakeIncidents()[0]
		in.Story = []heartbeat.IncidentEvent{{At: fakeTime, Event: "began", Reason: "silence"}, {At: fakeTime, Event: "acknowledged", Note: strings.Repeat("the disk is full ", 20), By: "somebody of the platform team"}}
		out = in
	case path == "/v1/incidents":
		out = map[string]any{"incidents": fakeIncidents()}
	case path == "/v1/events":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, fakeEvents)
		return
	case path == "/v1/keys":
		out = map[string]any{"keys": []heartbeat.Key{{ID: keyID(1), Name: "terraform, of the platform team of the northern region", Scope: "admin", CreatedAt: fakeTime, MaxHeartbeats: 1000, Heartbeats: 17}}}
	case path == "/v1/channels" && r.Method == http.MethodGet:
		out = map[string]any{"channels": []heartbeat.Channel{
			{ID: "ch_000000000000000000000001", Name: "duty", Kind: "email"},
			{ID: "ch_000000000000000000000002", Name: "the platform team of the northern region", Kind: "alertmanager", Default: true, Tags: []string{"production", "databases", "northern-region"}, On: []string{"down", "recovered", "unheard"}, UpdatedAt: fakeTime},
		}}
	case path == "/v1/windows" && r.Method == http.MethodGet:
		out = map[string]any{"windows": []heartbeat.Window{
			{ID: "mw_000000000000000000000001", Name: "move", Tags: []string{"prod"}},
			{ID: "mw_000000000000000000000002", Name: "the databases of the northern region", Tags: []string{"production", "databases"}, BeginsAt: &fakeTime, EndsAt: &fakeTime, On: true, Schedule: []string{"30 2 * * 6"}, TZ: "Europe/Berlin", ForSecs: 7200},
		}}
	case path == "/v1/badges" && r.Method == http.MethodGet:
		out = map[string]any{"badges": []heartbeat.Badge{{ID: "bg_1", HeartbeatID: heartbeatIDOf(1), HeartbeatName: "Nightly Backup"}, {ID: "bg_2", Tag: "prod", Label: "all of the northern region", SVGURL: "http://localhost:8180/badge/bg_000000000000000000000002.svg"}}}
	case path == "/v1/status-pages" && r.Method == http.MethodGet:
		out = map[string]any{"status_pages": []heartbeat.StatusPage{{Slug: "our-page", Title: "Ours"}}}
	case path == "/v1/cluster":
		out = threeNodes()
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (a *fakeAPI) matching(q string) (out []*heartbeat.Heartbeat) {
	for _, h := range fakeHeartbeats() {
		if strings.Contains(strings.ToLower(h.Name+"\n"+h.Slug), strings.ToLower(q)) {
			out = append(out, h)
		}
	}
	return out
}

// take returns what was asked since the last call.
func (a *fakeAPI) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := a.asked
	a.asked = nil
	return asked
}

var fakeTime = time.Date(2026, 5, 2, 3, 4, 5, 0, time.UTC)

func heartbeatIDOf(n int) string { return fmt.Sprintf("hb_%024d", n) }
func keyID(n int) string         { return fmt.Sprintf("key_%024d", n) }
func alertIDOf(n int) string     { return fmt.Sprintf("al_%024d", n) }

func fakeHeartbeats() []*heartbeat.Heartbeat {
	one := func(n int, name, slug, status string) *heartbeat.Heartbeat {
		return &heartbeat.Heartbeat{
			ID: heartbeatIDOf(n), Name: name, Slug: slug, Status: status, Token: testToken, PingURL: "http://127.0.0.1:8080/v1/heartbeats/" + testToken + "/ping",
			IntervalSecs: n * 43200, GraceSecs: 300, MissThreshold: 2, AlertAtMisses: new(2), ConsecutiveMisses: n, LastPingedAt: &fakeTime, NextExpectedAt: &fakeTime, Arm: "created", Tags: []string{"prod"},
		}
	}
	return []*heartbeat.Heartbeat{
		one(1, "Nightly Backup", "nightly-backup", "active"),
		one(2, "twins", "one-twin", "failing"),
		one(3, "other twin", "twins", "paused"),
		one(14, "日本語のとても長い名前のハートビート 🎉 of \x1b[31mwide\u202e letters", "wide", "active"),
	}
}

func fakeIncidents() []heartbeat.Incident {
	ended := fakeTime.Add(time.Hour)
	return []heartbeat.Incident{
		{ID: "in_000000000000000000000002_1", HeartbeatID: heartbeatIDOf(2), HeartbeatName: "twins", State: "open", Reason: "silence", Since: fakeTime, Alerts: []heartbeat.Alert{{State: "sent"}, {State: "failed"}, {State: "cancelled"}}},
		{ID: "in_000000000000000000000001_7", HeartbeatID: heartbeatIDOf(1), HeartbeatName: "Nightly Backup", State: "ended", Reason: "failure", Since: fakeTime, EndedAt: &ended, Alerts: []heartbeat.Alert{{State: "sent"}, {State: "sent"}}},
	}
}

func fakeExplanation() heartbeat.Explanation {
	return heartbeat.Explanation{HeartbeatID: heartbeatIDOf(1), HeartbeatName: "Nightly Backup of the northern region", Status: "active", Told: true, AlertsAt: &fakeTime, Targets: []heartbeat.ExplainedTarget{
		{Channel: "email", Recipient: "oncall-platform@example.com", By: "email", Because: "it is in the addresses of the heartbeat", Told: true, At: &fakeTime},
		{Channel: "alertmanager", Recipient: "the platform team of the northern region", By: "tag", Because: "it has the tag production", Reason: "hours", Words: "it is outside its hours, which are mon-fri 08:00-18:00 Europe/Berlin"},
	}}
}

func fakeSuggestions() heartbeat.Suggestions {
	return heartbeat.Suggestions{
		TZData: "2026a (built in)",
		Suggestions: []heartbeat.Suggestion{
			{Schedule: []string{"5 4 * * 1-5"}, TZ: new("Europe/Berlin"), Description: "At 04:05, Monday to Friday", GraceSecs: 600, MaxRunSecs: new(1200), MinRunSecs: new(60), Fit: 1, Sure: "sure", Runs: 90, Trial: heartbeat.Trial{Days: 126}},
			{IntervalSecs: new(86400), Description: "Every day", GraceSecs: 900, Fit: 0.8, Sure: "a guess", Runs: 90, Trial: heartbeat.Trial{Alerts: 18, Days: 126}},
		},
		Current: heartbeat.Trial{Alerts: 3, Days: 126}, Tried: &heartbeat.Trial{Alerts: 1, Days: 126}, Pings: 100, Needs: 5,
	}
}

// fakeEvents is a stream that ends with its key.
const fakeEvents = `id: x.1.1
event: reset
data: {"code":"expired","message":"read the lists anew"}

event: node
data: {"name":"n1","alive":true,"leader":true,"listener":true,"disk":"low"}

event: heartbeat
data: {"id":"hb_1","name":"evil \u001b[31m\u202ename","status":"failing","consecutive_misses":2}

id: x.1.2
event: incident
data: {"id":"in_1","heartbeat_name":"nightly","state":"open","reason":"silence"}

event: heartbeat_deleted
data: {"id":"hb_1"}

event: end
data: {"error":"the API key was revoked","code":"unauthorized"}

`

func fakePings() []*heartbeat.Ping {
	status, ms, late := 137, int64(83_250), fakeTime.Add(26*time.Hour)
	return []*heartbeat.Ping{
		{ID: "pg_1", PingedAt: fakeTime, Kind: "fail", ExitCode: &status, DurationMs: &ms, From: "2001:db8:1234:5678:9abc:def0:1234:5678", Body: "no space left on device: /srv/backups/2026/05/02\nsecond line\n"},
		{ID: "pg_2", PingedAt: fakeTime, Kind: "success", Late: true, ReceivedAt: &late, From: "192.0.2.7", BodyDropped: true},
		{ID: "pg_3", PingedAt: fakeTime, Kind: "start"},
	}
}

func fakeAlerts(state string) (out []heartbeat.Alert) {
	for _, a := range []heartbeat.Alert{
		{ID: alertIDOf(1), HeartbeatName: "Nightly Backup of the northern region", Kind: "down", Recipient: "oncall-platform@example.com", State: "held", Attempts: 3, Error: "451 4.7.1 try again later", CreatedAt: fakeTime},
		{ID: alertIDOf(2), HeartbeatName: "twins", Kind: "recovered", Recipient: "ops@example.com", State: "sent", Attempts: 1, CreatedAt: fakeTime, SentAt: &fakeTime},
	} {
		if state == "" || a.State == state {
			out = append(out, a)
		}
	}
	return out
}

func threeNodes() heartbeat.Cluster {
	return heartbeat.Cluster{
		ClusterID: "2b86ff31-0820-4350-a33f-a7cb47a8b43d", Term: 7, Leader: "mon1",
		Nodes: []heartbeat.Node{
			{Name: "mon1", ID: "ace61b07-3523-406a-89da-b6af62c76e2f", HTTP: "10.0.0.1:8080", Cluster: "10.0.0.1:8081", Voter: true, Alive: true, Listener: true, Leader: true, Version: "v1.2.3-17-g1234567"},
			{Name: "mon2.dc-north.example.com", ID: "b073cd9e-a475-4fc9-ac42-12fda023d43d", HTTP: "mon2.dc-north.example.com:8080", Cluster: "10.0.0.2:8081", Voter: true, Alive: true, Version: "v1.2.3"},
			{Name: "mon3", ID: "b8e92dbd-3250-45c2-8478-ff10e1c34cb6", Cluster: "10.0.0.3:8081"},
		},
		IngestGaps: []heartbeat.Gap{{From: fakeTime, To: fakeTime.Add(time.Minute)}},
	}
}
