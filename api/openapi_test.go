package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/quorumbeat/quorumbeat/api/web/assets"
	"github.com/quorumbeat/quorumbeat/fsm"
)

type document struct {
	Paths map[string]map[string]struct {
		Responses map[string]json.RawMessage `json:"responses"`
	} `json:"paths"`
}

func TestEveryRouteIsDocumented(t *testing.T) {
	var doc document
	if err := json.Unmarshal(openAPIDocument, &doc); err != nil {
		t.Fatal(err)
	}
	var have, want []string
	for path, methods := range doc.Paths {
		for m := range methods {
			have = append(have, strings.ToUpper(m)+" "+path)
		}
	}
	for _, r := range routes {
		want = append(want, r.method+" "+r.pattern)
	}
	for _, m := range []string{"GET", "HEAD", "POST", "PUT"} {
		want = append(want, m+" /v1/heartbeats/{id}/ping", m+" /v1/heartbeats/{id}/ping/{signal}")
	}
	for _, path := range []string{"/ping/{uuid}", "/ping/{key}/{slug}", "/ping/{key}/{slug}/{signal}"} {
		for _, m := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			want = append(want, m+" "+path)
		}
	}
	for _, path := range []string{
		"/p/{key}/{slug}", "/p/{key}/{slug}/{event}", "/api/{project}/cron/{slug}/{key}", "/api/v1/endpoints/{slug}/external",
		"/start/{uuid}", "/finish/{uuid}", "/fail/{uuid}",
	} {
		want = append(want, "GET "+path, "POST "+path) // and HEAD
	}
	want = append(want, "GET /api/push/{token}") // and any other method
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("the document has\n%s\nthe router\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// checker holds answers against the document.
type checker struct {
	t        *testing.T
	compiler *jsonschema.Compiler
	doc      document
	seen     map[string]bool
}

func newChecker(t *testing.T) *checker {
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPIDocument))
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{t: t, compiler: jsonschema.NewCompiler(), seen: map[string]bool{}}
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource("openapi.json", raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(openAPIDocument, &c.doc); err != nil {
		t.Fatal(err)
	}
	return c
}

// check validates an answer's body against the schema of its route and status.
func (c *checker) check(method, pattern string, a answer) {
	c.t.Helper()
	status := fmt.Sprint(a.status)
	res, ok := c.doc.Paths[pattern][strings.ToLower(method)].Responses[status]
	if !ok {
		c.t.Errorf("%s %s: status %s is not documented: %s", method, pattern, status, a.body)
		return
	}
	c.seen[method+" "+pattern+" "+status] = true
	where := "openapi.json#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(pattern) + "/" + strings.ToLower(method) + "/responses/" + status
	if strings.Contains(string(res), "#/components/responses/") {
		where = "openapi.json#/components/responses/E" + status
	} else if method == "HEAD" || !strings.Contains(string(res), "application/json") {
		return
	}
	schema, err := c.compiler.Compile(where + "/content/application~1json/schema")
	if err != nil {
		c.t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	if err != nil {
		c.t.Fatalf("%s %s: %v in %q", method, pattern, err, a.body)
	}
	if err := schema.Validate(v); err != nil {
		c.t.Errorf("%s %s answers %s\n%s\n%v", method, pattern, status, a.body, err)
	}
}

// checkError holds an answer that belongs to no route against the form of errors.
func (c *checker) checkError(t *testing.T, a answer) {
	t.Helper()
	schema, err := c.compiler.Compile("openapi.json#/components/schemas/Error")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	if err != nil {
		t.Fatalf("%d: %v in %q", a.status, err, a.body)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%d %s: %v", a.status, a.body, err)
	}
}

func TestAnswersAreAsDocumented(t *testing.T) {
	link := &aLink{token: "good"}
	r := newRigWith(t, func(c *Config) { c.Mail, c.Channels, c.Links = &fakeMail{}, fakeChannels{}, link }, func(*Server) {})
	c := newChecker(t)
	settings := fsm.DefaultSettings()
	settings.FlapWindow = 0 // so that a later failure is claimable at once
	if _, err := r.cluster.Propose(t.Context(), fsm.SetSettings{Settings: settings}); err != nil {
		t.Fatal(err)
	}
	do := func(method, pattern, arg, body string, headers ...string) answer {
		t.Helper()
		path := pattern
		if i := strings.Index(pattern, "{"); i >= 0 {
			j := strings.Index(pattern, "}")
			path = strings.Replace(pattern[:i]+arg+pattern[j+1:], "{signal}", "fail", 1)
		}
		a := r.call(method, path, body, headers...)
		c.check(method, pattern, a)
		return a
	}
	const one, all, bySlug = "/v1/heartbeats/{id}", "/v1/heartbeats", "/v1/heartbeats/by-slug/{slug}"
	h := decodeAs[heartbeatJSON](t, do("POST", all, "", `{"name":"x","interval_secs":1,"grace_secs":0,"email":["ops@example.com"],"tags":["a"]}`).body)
	do("GET", all, "", "")
	do("GET", one, h.ID, "")
	do("PATCH", one, h.ID, `{"miss_threshold":1}`)
	for _, body := range []string{`{"tags":["a"]}`, `{"name":"y"}`, `{"status":"paused"}`} {
		do("PUT", bySlug, "y", body)
	}
	for _, m := range []string{"GET", "POST", "PUT", "HEAD"} {
		do(m, one+"/ping", h.Token, "")
		do(m, one+"/ping/{signal}", h.Token, "disk full")
	}
	do("GET", one, h.ID, "")
	do("POST", one+"/ping", h.Token, "", "Idempotency-Key", strings.Repeat("x", 65)) // 400
	for _, m := range []string{"/start", "/7", "?at=" + fmt.Sprint(time.Now().Unix()-60) + "&rid=" + rid} {
		r.call("POST", "/v1/heartbeats/"+h.Token+"/ping"+m, "out")
	}
	do("GET", one+"/pings", h.ID, "")
	do("GET", one+"/uptime", h.ID, "")
	r.cluster.pass(5 * time.Second)
	do("GET", one, h.ID, "")
	alerts := do("GET", "/v1/alerts", "", "")
	list := decodeAs[struct{ Alerts []alertJSON }](t, alerts.body).Alerts
	// Not a recovery: that waits for its alert.
	alert := list[slices.IndexFunc(list, func(a alertJSON) bool { return a.Kind == "down" && a.State == "pending" })]
	do("POST", "/v1/alerts/{id}/retry", alert.ID, "") // pending: 409
	do("POST", "/v1/alerts/{id}/hold", alert.ID, "")
	do("POST", "/v1/alerts/{id}/deliver", alert.ID, "") // held: 409
	do("POST", "/v1/alerts/{id}/retry", alert.ID, "")
	do("POST", "/v1/alerts/{id}/deliver", alert.ID, "")
	if _, err := r.cluster.Propose(t.Context(), claimOf(alert.ID)); err != nil {
		t.Fatal(err)
	}
	id, _ := fsm.ParseAlertID(alert.ID)
	if _, err := r.cluster.Propose(t.Context(), fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeFailed, Error: "550 no"}); err != nil {
		t.Fatal(err)
	}
	do("GET", "/v1/alerts", "", "")
	do("GET", "/v1/incidents", "", "")
	incident := *alert.IncidentID
	do("POST", "/v1/incidents/{id}/ack", incident, `{"by":"Ann","note":"on it"}`)
	do("POST", "/v1/incidents/{id}/snooze", incident, `{"for_secs":3600}`)
	do("GET", one, h.ID, "")
	do("POST", "/v1/incidents/{id}/unack", incident, "")
	do("POST", "/v1/incidents/{id}/ack", "in_0_1", "")
	do("GET", "/v1/incidents/{id}", incident, "")
	link.ref, _ = fsm.ParseIncidentRef(incident)
	do("GET", "/incident/{token}", "good", "")
	do("POST", "/incident/{token}", "good", "do=ack", "Content-Type", "application/x-www-form-urlencoded")
	do("POST", "/incident/{token}", "good", "do=nothing", "Content-Type", "application/x-www-form-urlencoded")
	do("GET", "/incident/{token}", "bad", "")
	do("POST", "/v1/alerts/{id}/retry", alert.ID, "")
	do("POST", "/v1/alerts/{id}/cancel", alert.ID, "")
	for _, m := range []string{"POST", "PATCH"} {
		do(m, one+"/pause", h.ID, `{"for_secs":3600}`)
		do("GET", one, h.ID, "")
		do(m, one+"/pause", h.ID, "")
		do(m, one+"/resume", h.ID, "")
	}
	do("POST", one+"/rotate-token", h.ID, `{"overlap_secs":3600}`)
	do("POST", one+"/rotate-token", h.ID, `{"overlap_secs":0}`)
	do("POST", "/v1/alerts/test", "", `{"to":"ops@example.com"}`)
	channel := decodeAs[struct{ ID string }](t, do("POST", "/v1/channels", "", `{"name":"ops","kind":"webhook","url":"https://example.com/"}`).body).ID
	do("GET", "/v1/channels", "", "")
	do("PUT", "/v1/templates", "", `{"subject":"{{.State}}: {{.Name}}"}`)
	do("PUT", "/v1/templates", "", `{"subject":"{{.Nam}}"}`)
	do("GET", "/v1/templates", "", "")
	do("POST", "/v1/templates/preview", "", `{"text":"{{.Owner}}"}`)
	do("DELETE", "/v1/templates", "", "")
	do("GET", "/v1/channels/{id}", channel, "")
	do("PATCH", "/v1/channels/{id}", channel, `{"default":true}`)
	do("POST", "/v1/channels/{id}/test", channel, "")
	do("DELETE", "/v1/channels/{id}", channel, "")
	window := decodeAs[struct{ ID string }](t, do("POST", "/v1/windows", "", `{"name":"move","tags":["db"],"to":"2100-01-01T00:00:00Z","from":"2099-12-31T00:00:00Z"}`).body).ID
	do("POST", "/v1/windows", "", `{"name":"backup","tags":["db"],"schedule":"@daily","tz":"UTC","for_secs":3600}`)
	do("GET", "/v1/windows", "", "")
	do("DELETE", "/v1/windows/{id}", window, "")
	key := decodeAs[keyJSON](t, do("POST", "/v1/keys", "", `{"name":"k","scope":"ping"}`).body)
	do("PATCH", "/v1/keys/{id}", key.ID, `{"max_heartbeats":5}`)
	do("GET", "/v1/keys", "", "")
	do("GET", "/v1/cluster", "", "")
	do("DELETE", "/v1/cluster/nodes/{node}", "alpha", "")
	do("GET", "/v1/backup", "", "")
	do("GET", one+"/suggest", h.ID, "")
	do("GET", one+"/explain", h.ID, "")
	do("POST", "/v1/schedule/preview", "", `{"schedule":"0 2 * * *"}`)
	do("POST", "/v1/schedule/preview", "", `{"schedule":"0 25 * * *"}`)
	do("POST", "/v1/status-pages", "", `{"title":"Jobs","tags":["db"],"heartbeats":[{"id":"`+h.ID+`"}]}`)
	do("POST", "/v1/status-pages", "", `{"title":"Jobs","tags":["db"]}`) // 409
	do("GET", "/v1/status-pages", "", "")
	badge := decodeAs[badgeJSON](t, do("POST", "/v1/badges", "", `{"tag":"db"}`).body)
	do("POST", "/v1/badges", "", `{"heartbeat_id":"`+h.ID+`"}`)
	do("GET", "/v1/badges", "", "")
	do("GET", "/status/{slug}", "jobs", "")
	do("GET", "/status/assets/{file}", assets.Name("style.css"), "")
	do("GET", "/badge/{file}", badge.ID+".json", "")
	do("DELETE", "/v1/status-pages/{slug}", "jobs", "")
	do("DELETE", "/v1/badges/{id}", badge.ID, "")
	do("GET", "/status/{slug}", "jobs", "") // 404
	do("GET", "/v1/events", "", "")
	for _, path := range []string{"/v1/openapi.json", "/healthz", "/readyz", "/metrics", "/metrics/node"} {
		do("GET", path, "", "")
	}
	// Errors.
	do("POST", all, "", `{}`)
	do("GET", all+"", "", "", "Authorization", "")
	do("GET", all, "", "", "Authorization", "Bearer "+key.Key)
	do("DELETE", "/v1/keys/{id}", key.ID, "")
	do("GET", one, "hb_000000000000000000000000", "")
	do("PATCH", one, h.ID, `{"name":"y"}`, "If-Match", "99")
	do("POST", all, "", `{"name":"`+strings.Repeat("x", maxBody)+`"}`)
	do("DELETE", one, h.ID, "")
	do("POST", one+"/ping", h.Token, "")
	r.cluster.fail(fsm.ErrQuota)
	do("POST", all, "", `{"name":"x"}`)
	do("POST", "/v1/keys", "", `{"name":"x"}`)
	r.cluster.fail(fsm.ErrNoLeader)
	do("POST", all, "", `{"name":"x"}`)
	do("GET", "/readyz", "", "")
	for _, want := range []string{"400", "401", "402", "403", "404", "409", "413", "503"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c.seen)), func(s string) bool { return strings.HasSuffix(s, " "+want) }) {
			t.Errorf("no answer of status %s was checked", want)
		}
	}
	for _, rt := range routes {
		ok := slices.ContainsFunc([]string{"200", "201", "204"}, func(s string) bool { return c.seen[rt.method+" "+rt.pattern+" "+s] })
		if !ok {
			t.Errorf("no good answer of %s %s was checked", rt.method, rt.pattern)
		}
	}
}

func claimOf(id string) fsm.Command {
	a, _ := fsm.ParseAlertID(id)
	return fsm.Claim{Alert: a, Term: 1, Attempt: 1}
}
