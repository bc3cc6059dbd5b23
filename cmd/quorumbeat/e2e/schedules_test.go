package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	sdk "github.com/quorumbeat/quorumbeat/sdk/go"
)

// scheduled makes heartbeats with schedules: every node tells the same next time, whether the node
// that was asked computed it or the leader did.
func scheduled(t *testing.T, e *env) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("this machine has no rules of time zones")
	}
	h := create(t, e.Nodes[0], fields{"name": "nightly books", "schedule": "0 2 * * 1-5", "tz": "Europe/Berlin", "email": []string{address()}})
	sameOnAll := func() time.Time {
		t.Helper()
		var first time.Time
		testkit.Eventually(t, "all nodes tell when it is expected", func() bool {
			for i, n := range e.Nodes {
				next := get(t, n, h.ID).NextExpectedAt
				if next == nil {
					return false
				}
				at, err := time.Parse(time.RFC3339, *next)
				if err != nil || i > 0 && !at.Equal(first) {
					return false
				}
				first = at
			}
			return true
		})
		return first.In(berlin)
	}
	if at := sameOnAll(); at.Hour() != 2 || at.Minute() != 0 || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		t.Errorf("expected at %v", at)
	}
	ask(t, 200, "PATCH", e.Nodes[1].URL()+"/v1/heartbeats/"+h.ID, fields{"schedule": []string{"45 3 * * *"}}, nil) // the leader computes it
	if at := sameOnAll(); at.Hour() != 3 || at.Minute() != 45 {
		t.Errorf("expected at %v", at)
	}
	var ensured heartbeat
	e.json(t, &ensured, "ensure", "nightly-books", "--tz", "UTC")
	if at := sameOnAll().UTC(); ensured.ID != h.ID || at.Hour() != 3 || at.Minute() != 45 {
		t.Errorf("%s, expected at %v; the zone of %s was to change", ensured.ID, at, h.ID)
	}
}

// scheduledAlike gives heartbeats the same schedule by the API, the command line and the Go SDK; testdata/sdk/node/calls.mjs does so
// by the Node.js SDK, and suggestions_test.go by the form of the dashboard.
func scheduledAlike(t *testing.T, e *env) {
	const expression, zone = "0 2 * * 1-5", "Europe/Berlin"
	api := create(t, e.Nodes[0], fields{"name": "alike by the API", "schedule": expression, "tz": zone})
	var shell heartbeat
	e.json(t, &shell, "create", "alike by the shell", "--schedule", expression, "--tz", zone)
	c := sdk.New(adminKey, sdk.WithBaseURL(e.Nodes[2].URL()))
	inGo, err := c.Create(t.Context(), sdk.CreateParams{Name: "alike in Go", Schedule: sdk.Schedule{expression}, TZ: zone})
	testkit.Must(t, err)
	var shown struct{ Times []time.Time }
	e.json(t, &shown, "preview", expression, "--tz", zone)
	preview, err := c.PreviewSchedule(t.Context(), sdk.PreviewParams{Schedule: []string{expression}, TZ: zone, Count: 1})
	testkit.Must(t, err)
	for _, id := range []string{api.ID, shell.ID, inGo.ID} {
		for _, n := range e.Nodes {
			testkit.Eventually(t, "it is expected when the preview says", func() bool {
				h := get(t, n, id)
				return h.NextExpectedAt != nil && *h.NextExpectedAt == shown.Times[0].UTC().Format(stamp) && preview.Times[0].Equal(shown.Times[0])
			})
			a := call(t, adminKey, "GET", n.URL()+"/v1/heartbeats/"+id, nil)
			for _, want := range []string{`"schedule":"0 2 * * 1-5"`, `"tz":"Europe/Berlin"`, `"interval_secs":null`} {
				if !strings.Contains(a.body, want) {
					t.Errorf("%s of %s: no %s in %s", id, n.Name, want, a.body)
				}
			}
		}
	}
	if r := cli(t, e.clientEnv(), "get", shell.ID); r.code != 0 || !strings.Contains(r.stdout, expression) || !strings.Contains(r.stdout, zone) {
		t.Errorf("get shows %s%s", r.stdout, r.stderr)
	}
	for _, id := range []string{api.ID, shell.ID, inGo.ID} {
		ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+id, nil, nil)
	}
}

// badSchedules are refused in clear words, whoever sends them, and leave a heartbeat as it was.
func badSchedules(t *testing.T, e *env) {
	h := create(t, e.Nodes[0], fields{"name": "kept as it is", "schedule": "0 2 * * *", "tz": "Europe/Berlin", "checks": []string{"bytes > 0"}})
	one := e.Nodes[1].URL() + "/v1/heartbeats/" + h.ID
	before := call(t, adminKey, "GET", one, nil).body
	c := sdk.New(adminKey, sdk.WithBaseURL(e.Nodes[2].URL()))
	for _, tt := range []struct {
		patch fields
		flags []string
		words string
	}{
		{fields{"schedule": "0 25 * * *"}, []string{"--schedule", "0 25 * * *"}, `hour "25" is more than 23; "0 23 * * *" would work`},
		{fields{"schedule": "Mon..Fry 02:00"}, []string{"--schedule", "Mon..Fry 02:00"}, `would work`},
		{fields{"schedule": "2 o'clock"}, []string{"--schedule", "2 o'clock"}, `schedule`},
		{fields{"schedule": "0 2 30 2 *"}, []string{"--schedule", "0 2 30 2 *"}, `schedule`},
		{fields{"tz": "Europe/Berln"}, []string{"--tz", "Europe/Berln"}, `"Europe/Berlin" would work`},
		{fields{"schedule": "0 2 * * *", "interval_secs": 60}, nil, `interval_secs`},
		{fields{"checks": []string{"bytes >"}}, []string{"--check", "bytes >"}, `behind > there is no value`},
		{fields{"checks": []string{"bytes ~ 5"}}, []string{"--check", "bytes ~ 5"}, `behind bytes there is no comparison`},
		{fields{"failure_threshold": 0.5}, nil, `failure_threshold`},
		{fields{"max_run_secs": "5"}, nil, `max_run_secs`},
	} {
		a := call(t, adminKey, "PATCH", one, tt.patch)
		var said struct{ Error string }
		testkit.Must(t, json.Unmarshal([]byte(a.body), &said))
		if a.status != 400 || !strings.Contains(said.Error, tt.words) {
			t.Errorf("%v: %d %s, want 400 with %q", tt.patch, a.status, said.Error, tt.words)
		}
		tt.patch["name"] = "made by a bad schedule"
		if a := call(t, adminKey, "POST", e.Nodes[0].URL()+"/v1/heartbeats", tt.patch); a.status != 400 {
			t.Errorf("%v is made: %d %s", tt.patch, a.status, a.body)
		}
		if tt.flags == nil {
			continue
		}
		if r := cli(t, e.clientEnv(), append([]string{"update", h.ID}, tt.flags...)...); r.code == 0 || !strings.Contains(r.stderr, tt.words) {
			t.Errorf("%q: %d %s, want %q", tt.flags, r.code, r.stderr, tt.words)
		}
		if r := cli(t, e.clientEnv(), append([]string{"create", "made by a bad schedule"}, tt.flags...)...); r.code == 0 {
			t.Errorf("%q makes a heartbeat: %s", tt.flags, r.stdout)
		}
	}
	wrong := sdk.Schedule{"0 25 * * *"}
	if _, err := c.Update(t.Context(), h.ID, sdk.UpdateParams{Schedule: &wrong}); !sdk.IsInvalid(err) || !strings.Contains(err.Error(), "would work") {
		t.Errorf("the Go SDK: %v", err)
	}
	if after := call(t, adminKey, "GET", one, nil).body; after != before {
		t.Errorf("the heartbeat changed:\n%s\n%s", before, after)
	}
	if list := names(t, e, "made by a bad schedule"); len(list) != 0 {
		t.Errorf("%q were made", list)
	}
	// A number that is none is left out, and the ping counts: a check that needs it breaks.
	if a := call(t, "", "POST", pingURL(e.Nodes[0], h)+"?m.bytes=many", nil); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if h := get(t, e.Nodes[1], h.ID); h.PingsTotal != 1 || h.Status != "failing" {
		t.Errorf("after a number that is none: %+v", h)
	}
	ask(t, 204, "DELETE", one, nil, nil)
}

// checked sends numbers: a good run that breaks a check is told of in its words.
func checked(t *testing.T, e *env) {
	to := address()
	h := create(t, e.Nodes[2], fields{"name": "database dump", "checks": []string{"bytes > 0", "bytes >= 0.5 * last"}, "email": []string{to}})
	tell := func(bytes string) {
		t.Helper()
		if a := call(t, "", "POST", pingURL(e.Nodes[1], h)+"?m.bytes="+bytes, nil); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	tell("1000")
	tell("0")
	down := e.waitMails(t, to, 1)[0]
	text := strings.ReplaceAll(string(down.Raw), "=\r\n", "") // quoted-printable
	if want := "database dump completed but wrote 0 bytes; expected bytes > 0 (and one more check is broken)."; !strings.Contains(strings.ReplaceAll(text, "=\n", ""), want) {
		t.Errorf("the mail says %s, want %q", text, want)
	}
	tell("800")
	e.waitMails(t, to, 2)
	for _, n := range e.Nodes {
		testkit.Eventually(t, "every node exports the newest number", func() bool {
			return strings.Contains(call(t, adminKey, "GET", n.URL()+"/metrics", nil).body, `name="database dump",metric="bytes"} 800`)
		})
	}
}
