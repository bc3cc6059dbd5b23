package api

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// someZones knows a zone that is two hours ahead, and calls it Europe/Berlin.
type someZones struct{ schedules.UTC }

func (z someZones) Location(name string) (*time.Location, error) {
	if name == "Europe/Berlin" {
		return time.FixedZone(name, 7200), nil
	}
	return z.UTC.Location(name)
}

func (someZones) Version() string { return "2026z (of a test)" }

// TestANodeTellsItsRulesOfTimeZones: they may be others on the next node.
func TestANodeTellsItsRulesOfTimeZones(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Zones = someZones{} }, func(*Server) {})
	if a := r.call("GET", "/v1/cluster", ""); !strings.Contains(a.body, `"tz_data":"2026z (of a test)"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestPreview(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Zones = someZones{} }, func(*Server) {})
	for _, tt := range []struct{ body, want string }{
		{
			`{"schedule":"0 2 * * 1-5","tz":"Europe/Berlin","count":3,"from":"2026-11-27T00:00:00Z"}`,
			`{"times":["2026-11-30T00:00:00.000Z","2026-12-01T00:00:00.000Z","2026-12-02T00:00:00.000Z"],"description":"At 02:00, Monday to Friday","tz":"Europe/Berlin","tz_data":"2026z (of a test)"}`,
		},
		{
			`{"schedule":["0 2 * * *","Sat 04:00"],"count":2,"from":"2026-11-27T23:00:00+01:00"}`,
			`{"times":["2026-11-28T02:00:00.000Z","2026-11-28T04:00:00.000Z"],"description":"At 02:00; at 04:00, on Saturday","tz":"UTC","tz_data":"2026z (of a test)"}`,
		},
		{
			`{"schedule":"2027-02-03 04:05:06","from":"2026-11-27T00:00:00Z"}`,
			`{"times":["2027-02-03T04:05:06.000Z"],"description":"At 04:05:06, on the 3rd of February, in 2027","tz":"UTC","tz_data":"2026z (of a test)"}`,
		},
	} {
		if a := r.call("POST", "/v1/schedule/preview", tt.body); a.status != 200 || strings.TrimSpace(a.body) != tt.want {
			t.Errorf("%s: %d %s", tt.body, a.status, a.body)
		}
	}
	a := decodeAs[schedules.Preview](t, r.call("POST", "/v1/schedule/preview", `{"schedule":"@hourly"}`).body)
	if len(a.Times) != schedules.DefaultCount {
		t.Errorf("without a count: %v", a.Times)
	}
}

func TestPreviewSaysWhatIsWrong(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Zones = someZones{} }, func(*Server) {})
	eleven := `["@daily"` + strings.Repeat(`,"@daily"`, 10) + `]`
	for body, want := range map[string]string{
		`{"schedule":"0 25 * * *"}`:                                      `schedule: \"0 25 * * *\": hour \"25\" is more than 23; \"0 23 * * *\" would work`,
		`{"schedule":["@daily","*/2:00"]}`:                               `\"0/2:00\" would work`,
		`{"schedule":"0 2 * * *","tz":"Europe/Berln"}`:                   `tz: time zone \"Europe/Berln\" is unknown`,
		`{"tz":"UTC"}`:                                                   `schedule is missing`,
		`{"schedule":null}`:                                              `schedule is missing`,
		`{"schedule":[]}`:                                                `schedule is empty`,
		`{"schedule":""}`:                                                `expression is empty`,
		`{"schedule":5}`:                                                 `schedule is a JSON number; it must be a string or an array of strings`,
		`{"schedule":[1]}`:                                               `schedule is a JSON array with something else than strings`,
		`{"schedule":{"cron":"0 2 * * *"}}`:                              `schedule is a JSON object`,
		`{"schedule":"@daily","count":0}`:                                `count is 0; it must be 1 to 100`,
		`{"schedule":"@daily","count":101}`:                              `count is 101`,
		`{"schedule":"@daily","count":"5"}`:                              `count is a JSON string; it must be a whole number`,
		`{"schedule":"@daily","from":"yesterday"}`:                       `from is \"yesterday\"`,
		`{"schedule":"@daily","from":"9999-12-31T23:59:59Z"}`:            `from is of the year 9999`,
		`{"schedule":"@daily","zone":"UTC"}`:                             `unknown field`,
		`{"schedule":"2020-01-01"}`:                                      `does not come within ten years; \"*-01-01\" would work`,
		`{"schedule":` + eleven + `}`:                                    `11 expressions; at most 10`,
		`{"schedule":"` + strings.Repeat("1,", 200) + `"}`:               `400 bytes long; at most 256`,
		`{"schedule":"@daily","tz":"` + strings.Repeat("x", 5000) + `"}`: `unknown`,
	} {
		a := r.call("POST", "/v1/schedule/preview", body)
		if a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%.80s: %d %.300s, want %s", body, a.status, a.body, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Zones = someZones{} }, func(*Server) {})
	h := r.create(`{"name":"nightly","interval_secs":3600,"grace_secs":60}`)
	get := func(query string) schedules.Suggestions {
		t.Helper()
		a := r.call("GET", "/v1/heartbeats/"+h.ID+"/suggest?"+query, "")
		if a.status != 200 {
			t.Fatalf("%s: %d %s", query, a.status, a.body)
		}
		return decodeAs[schedules.Suggestions](t, a.body)
	}
	if got := get(""); len(got.Suggestions) != 0 || got.Needs != 5 {
		t.Errorf("without pings: %+v", got)
	}
	// Twelve pings at :05 of the last hours.
	now := time.Now().UTC().Truncate(time.Hour)
	for i := 12; i >= 1; i-- {
		at := now.Add(-time.Duration(i)*time.Hour + 5*time.Minute + 3*time.Second)
		r.cluster.behind = time.Since(at)
		if a := r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", ""); a.status != 200 {
			t.Fatal(a)
		}
	}
	r.cluster.behind = 0
	got := get("grace_secs=10&schedule=" + url.QueryEscape("*/30 * * * *"))
	if len(got.Suggestions) != 2 || strings.Join(got.Suggestions[0].Schedule, "") != "5 * * * *" {
		t.Errorf("%+v", got.Suggestions)
	}
	if got.Tried == nil || got.Tried.Alerts < 10 {
		t.Errorf("every half hour was not kept: %+v", got.Tried)
	}
	for query, want := range map[string]string{
		"grace_secs=-1": "grace_secs is", "grace_secs=x": "grace_secs is", "interval_secs=0": "interval_secs is", "schedule=0+25+*+*+*": "more than 23",
		"schedule=@daily&tz=X": "tz:", "schedule=@daily&interval_secs=5": "exclude each other", "tz=Nowhere": "tz:", "miss_threshold=99999999999999999999": "miss_threshold is",
	} {
		a := r.call("GET", "/v1/heartbeats/"+h.ID+"/suggest?"+query, "")
		if a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if a := r.call("GET", "/v1/heartbeats/hb_000000000000000000000000/suggest", ""); a.status != 404 {
		t.Error(a)
	}
}

// TestANodeWhoseClockIsWrongLetsTheLeaderSayWhenJobsAreExpected: a day's run would be missed by times
// that begin an hour from now.
func TestANodeWhoseClockIsWrongLetsTheLeaderSayWhenJobsAreExpected(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Zones = someZones{} }, func(*Server) {})
	r.call("POST", "/v1/heartbeats", `{"name":"some","schedule":"@daily"}`)
	last := r.server.store.LastWall()
	for off, want := range map[time.Duration]uint32{
		time.Second: fsm.RulesOf(someZones{}.Version()), -time.Second: fsm.RulesOf(someZones{}.Version()), time.Hour: 0, -time.Hour: 0,
	} {
		if got := r.server.rulesAt(last.Add(off)); got != want {
			t.Errorf("off by %v: %d, want %d", off, got, want)
		}
	}
}

// TestAZoneForAScheduleThatJustCame lets the schedule arrive only with the barrier, as on a node
// that lags behind what was acknowledged.
func TestAZoneForAScheduleThatJustCame(t *testing.T) {
	r := newRigWith(t, func(c *Config) { c.Zones = someZones{} }, func(*Server) {})
	h := r.create(`{"name":"job"}`)
	id, err := fsm.ParseHeartbeatID(h.ID)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	r.cluster.onRead = func() {
		once.Do(func() {
			list := []string{"0 3 * * *"}
			if _, err := r.cluster.Propose(t.Context(), fsm.Update{ID: id, Patch: fsm.Patch{Schedule: &list}}); err != nil {
				t.Error(err)
			}
		})
	}
	if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, `{"tz":"Europe/Berlin"}`); a.status != 200 || !strings.Contains(a.body, `"tz":"Europe/Berlin"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}
