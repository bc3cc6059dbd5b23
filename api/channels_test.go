package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// fakeChannels answers tests.
type fakeChannels struct{}

func (fakeChannels) TestChannel(context.Context, fsm.ChannelID) (ChannelTest, error) {
	return ChannelTest{true, "200 OK: ok"}, nil
}

func newChannelRig(t *testing.T) *rig {
	return newRigWith(t, func(c *Config) { c.Channels = fakeChannels{} }, func(*Server) {})
}

const hushed = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestAChannelsLife(t *testing.T) {
	r := newChannelRig(t)
	made := r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/hook","secret":"`+hushed+`","default":true,"tags":["db"],"after_secs":0,"hours":null,"on":["down","recovered","unheard"]}`)
	c := decodeAs[map[string]any](t, made.body)
	if made.status != 201 || c["secret"] != "•••" || c["url"] != "https://example.com/hook" || c["version"] != 1.0 || fmt.Sprint(c["on"]) != "[down recovered unheard]" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	path := "/v1/channels/" + c["id"].(string)
	changed := r.call("PATCH", path, `{"tags":[],"on":["down"],"secret":"•••","after_secs":60}`)
	if changed.status != 200 || !strings.Contains(changed.body, `"on":["down"]`) || !strings.Contains(changed.body, `"version":2`) {
		t.Errorf("%d %s", changed.status, changed.body)
	}
	id, _ := fsm.ParseChannelID(c["id"].(string))
	if kept, _ := r.cluster.store.Channel(id); kept.Spec.Get("secret") != hushed {
		t.Errorf("writing the shown secret back made it %q", kept.Spec.Get("secret"))
	}
	if a := r.call("PATCH", path, `{"name":"x"}`, "If-Match", `"1"`); a.status != 409 {
		t.Errorf("an old version: %d", a.status)
	}
	if a := r.call("POST", path+"/test", ""); a.status != 200 || a.body != `{"accepted":true,"answer":"200 OK: ok"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, a := range []answer{r.call("GET", "/v1/channels", ""), r.call("GET", path, ""), changed, made} {
		if strings.Contains(a.body, hushed) || strings.Contains(a.body, "MfKQ9") {
			t.Errorf("a secret is shown: %s", a.body)
		}
	}
	if a := r.call("DELETE", path, ""); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := r.call("GET", path, ""); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestANewWebhookGetsASecretThatIsShownOnce(t *testing.T) {
	r := newChannelRig(t)
	c := decodeAs[map[string]any](t, r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/"}`).body)
	if s, _ := c["secret"].(string); !strings.HasPrefix(s, "whsec_") || len(s) < 40 {
		t.Fatalf("%v", c)
	}
	if again := r.call("GET", "/v1/channels/"+c["id"].(string), ""); !strings.Contains(again.body, `"secret":"•••"`) {
		t.Errorf("%s", again.body)
	}
}

func TestChannelsThatAreRefused(t *testing.T) {
	r := newChannelRig(t)
	r.call("POST", "/v1/channels", `{"name":"taken","kind":"webhook","url":"https://example.com/"}`)
	for body, words := range map[string]string{
		``:                              "empty",
		`[]`:                            "array",
		`{}`:                            "name and kind",
		`{"name":"x","kind":"pigeon"}`:  "pigeon",
		`{"name":"x","kind":"webhook"}`: "url is missing",
		`{"name":"x","kind":7}`:         "kind is a JSON number",
		`{"name":"x","kind":"webhook","url":"ftp://example.com/"}`:                                                              "https://",
		`{"name":"x","kind":"webhook","url":"https://u:p@example.com/"}`:                                                        "user name",
		`{"name":"x","kind":"webhook","url":"https://example.com/","colour":"red"}`:                                             `unknown field \"colour\"; one of the kind webhook has url, secret, and any has name, `,
		`{"name":"x","Kind":"webhook","url":"https://example.com/"}`:                                                            `unknown field \"Kind\"; one of the kind webhook has url`,
		`{"name":"x","kind":"carrier","colour":"red"}`:                                                                          `unknown field \"colour\"; any channel has name, kind`,
		`{"name":"x","kind":"webhook","url":"https://example.com/","topic":"red"}`:                                              "has no topic",
		`{"name":"x","kind":"webhook","url":"https://example.com/","secret":"hunter2"}`:                                         "secret is not right",
		`{"name":"x","kind":"webhook","url":"https://example.com/","default":"yes"}`:                                            "true or false",
		`{"name":"x","kind":"webhook","url":"https://example.com/","on":[]}`:                                                    "at least one",
		`{"name":"x","kind":"webhook","url":"https://example.com/","on":["late"]}`:                                              "late",
		`{"name":"x","kind":"webhook","url":"https://example.com/","on":["recovered"]}`:                                         "recovered without down",
		`{"name":"x","kind":"webhook","url":"https://example.com/","after_secs":-1}`:                                            "after_secs",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"from":"8"}}`:                                       "hours",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":[]}`:                                                 "hours is an empty list",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":"mon 08:00-18:00"}`:                                  "hours[0]",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":7}`:                                                  "hours",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"from":"08:00","to":"18:00","day":["mon"]}}`:        "day",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"days":["monday"],"from":"08:00","to":"18:00"}}`:    "mon, tue",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"days":[],"from":"08:00","to":"18:00"}}`:            "no days",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"days":["tue","mon"],"from":"08:00","to":"18:00"}}`: "order",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"from":"08:00","to":"08:00"}}`:                      "two different times",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"from":"08:00","to":"25:00"}}`:                      "24:00",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":{"from":"08:00","to":"18:00","tz":"Mars"}}`:          "tz",
		`{"name":"x","kind":"webhook","url":"https://example.com/","hours":[{"from":"08:00","to":"18:00"},null]}`:               "hours[1]",
		`{"name":"` + strings.Repeat("x", 201) + `","kind":"webhook","url":"https://example.com/"}`:                             "201 characters",
		`{"name":"ch_000000000000000000000000","kind":"webhook","url":"https://example.com/"}`:                                  "look like",
		`{"name":"x","kind":"webhook","url":"https://example.com/` + strings.Repeat("y", 2000) + `"}`:                           "2000",
		`{"name":"x","kind":"command","path":"/bin/true"}`:                                                                      "--allow-command-channel",
		`{"name":"x","kind":"slack","url":"nonsense-secret"}`:                                                                   "url is not right",
	} {
		a := r.call("POST", "/v1/channels", body)
		if a.status != 400 || !strings.Contains(a.body, words) || strings.Contains(a.body, "hunter2") || strings.Contains(a.body, "nonsense-secret") {
			t.Errorf("%.100s: %d %s", body, a.status, a.body)
		}
	}
	if a := r.call("POST", "/v1/channels", `{"name":"taken","kind":"slack","url":"https://example.com/"}`); a.status != 409 {
		t.Errorf("%d %s", a.status, a.body)
	}
	id := decodeAs[struct{ Channels []struct{ ID string } }](t, r.call("GET", "/v1/channels", "").body).Channels[0].ID
	if a := r.call("PATCH", "/v1/channels/"+id, `{"kind":"slack"}`); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, path := range []string{"/v1/channels/ch_000000000000000000000000", "/v1/channels/ops", "/v1/channels/ch_0"} {
		for _, m := range []string{"GET", "PATCH", "DELETE"} {
			if a := r.call(m, path, map[string]string{"PATCH": `{"name":"y"}`}[m]); a.status != 404 {
				t.Errorf("%s %s: %d %s", m, path, a.status, a.body)
			}
		}
	}
}

func TestAHeartbeatNamesChannels(t *testing.T) {
	r := newChannelRig(t)
	id := decodeAs[struct{ ID string }](t, r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/"}`).body).ID
	for _, word := range []string{"ops", id} {
		a := r.call("POST", "/v1/heartbeats", `{"name":"job","notify":["`+word+`"]}`)
		if a.status != 201 || !strings.Contains(a.body, `"notify":["ops"]`) || strings.Contains(a.body, "warnings") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	for body, words := range map[string]string{`["nobody"]`: "there is no channel", `["ops","` + id + `"]`: "repeats", `"ops"`: "array"} {
		if a := r.call("POST", "/v1/heartbeats", `{"name":"job","notify":`+body+`}`); a.status != 400 || !strings.Contains(a.body, words) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	h := decodeAs[heartbeatJSON](t, r.call("POST", "/v1/heartbeats", `{"name":"late","interval_secs":1,"grace_secs":0,"miss_threshold":1,"notify":["ops"]}`).body)
	r.cluster.pass(3 * time.Second)
	if a := r.call("GET", "/v1/alerts?heartbeat_id="+h.ID, ""); !strings.Contains(a.body, `"channel":"webhook","recipient":"ops","channel_id":"`+id+`"`) {
		t.Errorf("%s", a.body)
	}
	r.call("DELETE", "/v1/channels/"+id, "")
	if a := r.call("GET", "/v1/alerts?heartbeat_id="+h.ID, ""); !strings.Contains(a.body, `"channel":"deleted","recipient":"`+id+`"`) {
		t.Errorf("%s", a.body)
	}
	if a := r.call("GET", "/v1/heartbeats/"+h.ID, ""); !strings.Contains(a.body, `"notify":["`+id+`"]`) || !strings.Contains(a.body, "nobody is told") {
		t.Errorf("%s", a.body)
	}
}

// TestAReaderSeesNoWebhooksURL: what is in its path or query lets others write there.
func TestAReaderSeesNoWebhooksURL(t *testing.T) {
	r := newChannelRig(t)
	c := decodeAs[map[string]any](t, r.call("POST", "/v1/channels", `{"name":"ops","kind":"webhook","url":"https://example.com/hook?key=hush"}`).body)
	for scope, sees := range map[string]bool{"read": false, "write": true} {
		key := "Bearer " + r.makeKey(scope).Key
		for _, path := range []string{"/v1/channels", "/v1/channels/" + c["id"].(string)} {
			if a := r.call("GET", path, "", "Authorization", key); a.status != 200 || strings.Contains(a.body, "hush") != sees {
				t.Errorf("%s of %s: %d %s", path, scope, a.status, a.body)
			}
		}
	}
}

// TestMailAsAChannel: made, shown, told of and tested like the others; and addresses beside names in notify.
func TestMailAsAChannel(t *testing.T) {
	r := newChannelRig(t)
	for to, words := range map[string]string{"": "to is missing", "ops": "bare e-mail addresses", "Ann <a@example.com>": "bare e-mail addresses", "a@example.com,a@example.com": "repeats"} {
		if a := r.call("POST", "/v1/channels", `{"name":"night","kind":"email","to":"`+to+`"}`); a.status != 400 || !strings.Contains(a.body, words) {
			t.Errorf("%q: %d %s", to, a.status, a.body)
		}
	}
	a := r.call("POST", "/v1/channels", `{"name":"night","kind":"email","to":"night@example.com, lead@example.com","tags":["db"],"after_secs":60}`)
	id := decodeAs[struct{ ID string }](t, a.body).ID
	if a.status != 201 || !strings.Contains(a.body, `"to":"night@example.com, lead@example.com"`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h := decodeAs[heartbeatJSON](t, r.call("POST", "/v1/heartbeats", `{"name":"late","interval_secs":1,"grace_secs":0,"miss_threshold":1,"notify":["night","you@example.com"]}`).body)
	if strings.Join(h.Notify, " ") != "night you@example.com" {
		t.Errorf("notify is %q", h.Notify)
	}
	r.cluster.pass(3 * time.Second)
	told := r.call("GET", "/v1/alerts?heartbeat_id="+h.ID, "").body
	for _, want := range []string{`"channel":"email","recipient":"night@example.com","channel_id":"` + id + `"`, `"recipient":"lead@example.com"`, `"recipient":"you@example.com","channel_id":null`} {
		if !strings.Contains(told, want) {
			t.Errorf("%s is missing: %s", want, told)
		}
	}
	if page := r.browse(testKey).get("/ui/heartbeats/" + h.ID).body; !strings.Contains(page, "<bdi>night@example.com (night)</bdi> after 1 min") || strings.Contains(page, id) {
		t.Errorf("the page does not name the channel of an address: %s", page)
	}
	for body, words := range map[string]string{`["a@b@c"]`: "notify[0]", `["nobody"]`: "it is no mail address", `["you@example.com","you@example.com"]`: "repeats"} {
		if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, `{"notify":`+body+`}`); a.status != 400 || !strings.Contains(a.body, words) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := r.call("PATCH", "/v1/heartbeats/"+h.ID, `{"notify":[]}`); !strings.Contains(a.body, `"notify":[]`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestAChannelThatCannotBeAskedIsRefused when it is made, or its URL changed, in words; other changes go through.
func TestAChannelThatCannotBeAskedIsRefused(t *testing.T) {
	r := newMemoryRig(t)
	r.server.cfg.CheckChannel = func(c fsm.ChannelSpec) error {
		if strings.Contains(c.Get("url"), "127.0.0.1") {
			return errors.New("url: 127.0.0.1 may not be asked: see --webhook-allow")
		}
		return nil
	}
	body := `{"name":"ops","kind":"webhook","url":"http://127.0.0.1:9/"}`
	if a := r.call("POST", "/v1/channels", body); a.status != 400 || !strings.Contains(a.body, "--webhook-allow") {
		t.Errorf("%d %s", a.status, a.body)
	}
	b := r.browse(testKey)
	if a := b.submit("/ui/channels/new?kind=webhook", "/ui/channels/new", "kind=webhook&name=ops&on=down&url=http%3A%2F%2F127.0.0.1%2F"); a.status != 422 || !strings.Contains(a.body, `<span id="d-url"><strong>127.0.0.1 may not be asked: see --webhook-allow`) {
		t.Errorf("on the page: %d %s", a.status, a.body)
	}
	judge := r.server.cfg.CheckChannel
	r.server.cfg.CheckChannel = nil
	id := decodeAs[struct{ ID string }](t, r.call("POST", "/v1/channels", body).body).ID
	r.server.cfg.CheckChannel = judge
	if a := r.call("PATCH", "/v1/channels/"+id, `{"tags":["db"]}`); a.status != 200 {
		t.Errorf("another field: %d %s", a.status, a.body)
	}
	if a := r.call("PATCH", "/v1/channels/"+id, `{"url":"http://127.0.0.1/x"}`); a.status != 400 {
		t.Errorf("its URL: %d %s", a.status, a.body)
	}
}
