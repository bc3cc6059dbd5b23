package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	sdk "github.com/quorumbeat/quorumbeat/sdk/go"
)

// hourlyJob makes a heartbeat whose job told at five past each of the last 22 hours how much it wrote.
func hourlyJob(t *testing.T, e *env, name string) heartbeat {
	t.Helper()
	h := create(t, e.Nodes[0], fields{"name": name, "interval_secs": 86400, "checks": []string{"bytes > 0"}, "email": []string{address()}})
	first := time.Now().Add(-5 * time.Minute).Truncate(time.Hour).Add(-21*time.Hour + 5*time.Minute)
	for i := range 22 {
		at := first.Add(time.Duration(i) * time.Hour)
		url := fmt.Sprintf("%s?at=%d&m.bytes=%d&m.change=%d", pingURL(e.Nodes[i%len(e.Nodes)], h), at.Unix(), 1<<20+i*40_000, (i-11)*7)
		if a := call(t, "", "POST", url, nil); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	return h
}

// suggestions looks at what a heartbeat's history says, and uses it.
func suggestions(t *testing.T, e *env, b *browser) {
	h := hourlyJob(t, e, "hourly books")
	b.visit("/ui/heartbeats/" + h.ID)
	b.shows("What its history says")
	b.shows("at 5 minutes past the hour")
	b.sees("both numbers are drawn", `document.querySelectorAll('#numbers svg').length == 2`)
	if a := call(t, "", "POST", pingURL(e.Nodes[0], h)+"?m.bytes=0", nil); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.sees("the next number comes into the picture", `document.querySelector('#numbers rect.failed')`)
	b.shows("It completed but wrote 0 bytes; expected bytes > 0")
	for _, look := range []struct {
		name   string
		width  int64
		scheme string
	}{{"light", 1280, "light"}, {"narrow", 375, "light"}, {"dark", 1280, "dark"}} {
		b.appears(look.width, look.scheme)
		b.look("suggestions-" + look.name)
	}
	b.appears(1280, "light")
	used(t, e, b, h)
}

// used takes the first suggestion of a heartbeat's page.
func used(t *testing.T, e *env, b *browser, h heartbeat) {
	b.press("Use this")
	b.shows("Nothing is saved yet")
	b.sees("the form has it", `document.querySelector('#f-schedule').value == '5 * * * *' && document.querySelector('#f-every').value == ''`)
	b.shows("In its history")
	b.lookOnly("suggested-form")
	b.press("Save")
	b.shows("The changes were saved")
	if got := call(t, adminKey, "GET", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil); !strings.Contains(got.body, `"schedule":"5 * * * *"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// suggestedAlike asks for what an hourly job's history suggests by the command line and the Go SDK: all of it is as
// the API answers. TestNodeSDK asks by the Node.js SDK, and suggestions by the dashboard.
func suggestedAlike(t *testing.T, e *env) {
	h := hourlyJob(t, e, "suggested alike")
	c := sdk.New(adminKey, sdk.WithBaseURL(e.Nodes[2].URL()))
	tried := sdk.SuggestParams{
		Schedule: []string{"5 0-11 * * *", "5 12-23 * * *"}, TZ: "Europe/Berlin", GraceSecs: sdk.NoGrace,
		MissThreshold: 2, FailureThreshold: 3, MaxRunSecs: 60, MinRunSecs: 1,
	}
	flags := []string{
		"--schedule", "5 0-11 * * *", "--schedule", "5 12-23 * * *", "--tz", "Europe/Berlin", "--grace", "0s",
		"--miss-threshold", "2", "--failure-threshold", "3", "--max-run", "1m", "--min-run", "1s",
	}
	query := url.Values{
		"schedule": tried.Schedule, "tz": {"Europe/Berlin"}, "grace_secs": {"0"},
		"miss_threshold": {"2"}, "failure_threshold": {"3"}, "max_run_secs": {"60"}, "min_run_secs": {"1"},
	}
	for _, ask := range []struct {
		params sdk.SuggestParams
		flags  []string
		query  url.Values
	}{{}, {tried, flags, query}, {sdk.SuggestParams{IntervalSecs: 1800}, []string{"--interval", "30m"}, url.Values{"interval_secs": {"1800"}}}} {
		suggestsAs(t, e, h, ask.query, func() sdk.Suggestions {
			var s sdk.Suggestions
			e.json(t, &s, append([]string{"suggest", "suggested alike"}, ask.flags...)...)
			return s
		})
		suggestsAs(t, e, h, ask.query, func() sdk.Suggestions {
			s, err := c.Suggest(t.Context(), h.ID, ask.params)
			testkit.Must(t, err)
			return *s
		})
	}
	ask(t, 204, "DELETE", e.Nodes[0].URL()+"/v1/heartbeats/"+h.ID, nil, nil)
}

// suggestsAs asks every node by the API, and in another way between: the answers must be the same. They tell how long ago
// things were, so it asks again if the API's own changed meanwhile.
func suggestsAs(t *testing.T, e *env, h heartbeat, query url.Values, inAnotherWay func() sdk.Suggestions) {
	t.Helper()
	byAPI := func(i int) sdk.Suggestions {
		a := call(t, adminKey, "GET", e.Nodes[i].URL()+"/v1/heartbeats/"+h.ID+"/suggest?"+query.Encode(), nil)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return suggestionsIn(t, a.body)
	}
	var want, got sdk.Suggestions
	testkit.Eventually(t, "nothing changes while suggestions are compared", func() bool {
		want = byAPI(0)
		got = inAnotherWay()
		return reflect.DeepEqual(byAPI(1), want) && reflect.DeepEqual(byAPI(2), want)
	})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("with %v: got  %s\nthe API says %s", query, asJSON(t, got), asJSON(t, want))
	}
	if len(want.Suggestions) == 0 || !reflect.DeepEqual(want.Suggestions[0].Schedule, []string{"5 * * * *"}) || want.Suggestions[0].Runs != 22 ||
		want.Pings != 22 || (want.Tried == nil) != (len(query) == 0) {
		t.Errorf("with %v the API says %s", query, asJSON(t, want))
	}
}

// suggestionsIn reads an answer, in which nothing may be that the Go SDK does not know.
func suggestionsIn(t *testing.T, text string) (s sdk.Suggestions) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	testkit.Must(t, d.Decode(&s))
	return s
}

// nodeSuggests asks for suggestions by the npm package.
func nodeSuggests(t *testing.T, e *env, dir string) {
	h := hourlyJob(t, e, "suggested in Node")
	query := url.Values{
		"schedule": {"5 0-11 * * *", "5 12-23 * * *"}, "tz": {"Europe/Berlin"}, "grace_secs": {"0"},
		"miss_threshold": {"2"}, "failure_threshold": {"3"}, "max_run_secs": {"60"}, "min_run_secs": {"1"},
	}
	params := fields{
		"schedule": query["schedule"], "tz": "Europe/Berlin", "grace_secs": 0,
		"miss_threshold": 2, "failure_threshold": 3, "max_run_secs": 60, "min_run_secs": 1,
	}
	for _, ask := range []struct {
		params fields
		query  url.Values
	}{{}, {params, query}, {fields{"interval_secs": 1800}, url.Values{"interval_secs": {"1800"}}}} {
		suggestsAs(t, e, h, ask.query, func() sdk.Suggestions {
			return suggestionsIn(t, node(t, dir, "suggest.mjs", nodeURLs(t, e.Nodes), asJSON(t, h.ID), asJSON(t, ask.params)).succeeds(t))
		})
	}
}
