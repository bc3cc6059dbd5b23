package alerting

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// service is a fake of a service that speaks its documented protocol, and refuses what that
// does not allow.
type service struct {
	*httptest.Server
	mu    sync.Mutex
	taken []map[string]any
	busy  int                         // answers of 429 that are left
	said  func(w http.ResponseWriter) // instead of all else; nil: nothing
}

// says has the service answer so, whatever comes.
func (x *service) says(f func(w http.ResponseWriter)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.said = f
}

// strict says what is wrong with a request, as the service would; "" if nothing is.
type strict func(r *http.Request, body []byte) (wrong string)

func newService(t *testing.T, s strict, good, busy func(w http.ResponseWriter)) *service {
	x := &service{}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		x.mu.Lock()
		if said := x.said; said != nil {
			x.mu.Unlock()
			said(w)
			return
		}
		defer x.mu.Unlock()
		if x.busy > 0 {
			x.busy--
			busy(w)
			return
		}
		wrong := s(r, body)
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !utf8.Valid(body) {
			wrong += " not a POST of JSON"
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			wrong += err.Error()
		}
		if wrong != "" {
			t.Errorf("%s: %.600s", wrong, body)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		switch v := v.(type) {
		case map[string]any:
			x.taken = append(x.taken, v)
		case []any:
			x.taken = append(x.taken, map[string]any{"list": v})
		}
		good(w)
	}))
	t.Cleanup(x.Close)
	return x
}

// family is what the test of a service needs to know.
type family struct {
	fields func(url string) map[string]string
	strict strict
	good   func(w http.ResponseWriter)
	busy   func(w http.ResponseWriter)
	secret string
}

func say(status int, body string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func busyFor(seconds string, body string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if seconds != "" {
			w.Header().Set("Retry-After", seconds)
		}
		say(http.StatusTooManyRequests, body)(w)
	}
}

func limits(body []byte, into any, checks func() []string) string {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields() // a service may ignore them: then what they say is lost
	if err := d.Decode(into); err != nil {
		return err.Error()
	}
	return strings.Join(checks(), "; ")
}

func check(list *[]string, ok bool, format string, args ...any) {
	if !ok {
		*list = append(*list, fmt.Sprintf(format, args...))
	}
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

var families = map[string]family{
	"shoutrrr": {
		fields: func(url string) map[string]string {
			return map[string]string{"url": "gotify://" + strings.TrimPrefix(url, "http://") + "/AtokenToken.123?disabletls=yes"}
		},
		secret: "AtokenToken.123",
		good:   say(200, `{"id":1}`), busy: busyFor("30", `{"error":"Too Many Requests"}`),
		strict: func(r *http.Request, body []byte) string {
			var m struct {
				Title, Message string
				Priority       int
				Extras         map[string]any
			}
			return limits(body, &m, func() (wrong []string) {
				check(&wrong, r.URL.Path == "/message" && r.Header.Get("X-Gotify-Key") == "AtokenToken.123", "no message, or no token")
				check(&wrong, m.Message != "" && m.Title != "" && m.Priority >= 0 && m.Priority <= 10, "a part is missing")
				return wrong
			})
		},
	},
	"slack": {
		fields: func(url string) map[string]string {
			return map[string]string{"url": url + "/services/T0/B0/tokentoken"}
		},
		secret: "tokentoken",
		good:   say(200, "ok"), busy: busyFor("30", "rate_limited"),
		strict: func(r *http.Request, body []byte) string {
			var m struct {
				Text        string
				Attachments []struct {
					Fallback, Color, Text, Title string
					Link                         string `json:"title_link"`
					TS                           int64
				}
			}
			return limits(body, &m, func() (bad []string) {
				check(&bad, r.URL.Path == "/services/T0/B0/tokentoken", "path")
				check(&bad, m.Text != "" && len(m.Text) < 4000 && len(body) < 40_000, "a text of %d", len(m.Text))
				check(&bad, len(m.Attachments) == 1 && len(m.Attachments[0].Text) < 8000, "attachments")
				for _, s := range []string{m.Text, m.Attachments[0].Text} {
					check(&bad, !strings.ContainsAny(s, "<>") && !strings.Contains(s, "& "), "not escaped: %q", s)
				}
				return bad
			})
		},
	},
	"teams": {
		fields: func(url string) map[string]string {
			return map[string]string{"url": url + "/workflows/x?sig=tokentoken"}
		},
		secret: "tokentoken",
		good:   say(202, ""), busy: busyFor("30", ""),
		strict: func(_ *http.Request, body []byte) string {
			var m struct {
				Type        string
				Attachments []struct {
					ContentType string
					ContentURL  *string
					Content     struct {
						Type, Version string
						Schema        string `json:"$schema"`
						MSTeams       struct{ Width string }
						Actions       []struct{ Type, Title, URL string }
						Body          []struct {
							Type    string
							Inlines []struct{ Type, Text, Weight, Size, Color string }
						}
					}
				}
			}
			return limits(body, &m, func() (bad []string) {
				check(&bad, len(body) <= 28<<10, "%d bytes", len(body))
				check(&bad, m.Type == "message" && len(m.Attachments) == 1, "type")
				a := m.Attachments[0]
				for _, x := range a.Content.Actions {
					check(&bad, x.Type == "Action.OpenUrl" && x.Title != "" && strings.HasPrefix(x.URL, "http"), "action %+v", x)
				}
				check(&bad, a.ContentType == "application/vnd.microsoft.card.adaptive" && a.Content.Type == "AdaptiveCard" && a.Content.Version != "", "card")
				for _, b := range a.Content.Body {
					check(&bad, b.Type == "RichTextBlock" && len(b.Inlines) == 1 && b.Inlines[0].Type == "TextRun" && b.Inlines[0].Text != "", "block")
				}
				return bad
			})
		},
	},
	"discord": {
		fields: func(url string) map[string]string {
			return map[string]string{"url": url + "/api/webhooks/1/tokentoken?thread_id=7"}
		},
		secret: "tokentoken",
		good:   say(200, `{"id":"1","type":0}`), busy: busyFor("", `{"message":"You are being rate limited.","retry_after":1800.5,"global":false}`),
		strict: func(r *http.Request, body []byte) string {
			var m struct {
				Embeds []struct {
					Title, Description, Timestamp, URL string
					Color                              int
				}
				Mentions *struct{ Parse []string } `json:"allowed_mentions"`
			}
			return limits(body, &m, func() (bad []string) {
				check(&bad, r.URL.Query().Get("wait") == "true" && r.URL.Query().Get("thread_id") == "7", "it does not wait until it is saved, or lost the thread: %s", r.URL)
				check(&bad, len(m.Embeds) == 1 && m.Mentions != nil && m.Mentions.Parse != nil && len(m.Mentions.Parse) == 0, "mentions")
				e := m.Embeds[0]
				title, text := len(utf16.Encode([]rune(e.Title))), len(utf16.Encode([]rune(e.Description)))
				check(&bad, title > 0 && title <= 256 && text > 0 && text <= 4096 && title+text <= 6000, "%d and %d characters", title, text)
				_, err := time.Parse(time.RFC3339, e.Timestamp)
				check(&bad, err == nil && e.Color > 0, "%v", err)
				return bad
			})
		},
	},
	"telegram": {
		fields: func(url string) map[string]string {
			return map[string]string{"api_url": url, "token": "123456:tokentoken", "chat_id": "-100123", "thread_id": "7"}
		},
		secret: "123456:tokentoken",
		good:   say(200, `{"ok":true,"result":{"message_id":1}}`),
		busy:   busyFor("", `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1800","parameters":{"retry_after":1800}}`),
		strict: func(r *http.Request, body []byte) string {
			var m struct {
				Chat   string `json:"chat_id"`
				Thread int    `json:"message_thread_id"`
				Text   string
				Mode   string `json:"parse_mode"`
				Link   struct {
					Off bool `json:"is_disabled"`
				} `json:"link_preview_options"`
				Silent bool `json:"disable_notification"`
			}
			return limits(body, &m, func() (bad []string) {
				check(&bad, r.URL.Path == "/bot123456:tokentoken/sendMessage", "path %s", r.URL.Path)
				n := len(utf16.Encode([]rune(m.Text)))
				check(&bad, m.Chat == "-100123" && m.Thread == 7 && m.Mode == "" && n > 0 && n <= 4096, "%d characters", n)
				return bad
			})
		},
	},
	"ntfy": {
		fields: func(url string) map[string]string {
			return map[string]string{"server": url, "topic": "tokentoken", "token": "tk_secret", "priority": "5"}
		},
		secret: "tokentoken",
		good:   say(200, `{"id":"x","event":"message","topic":"tokentoken"}`), busy: busyFor("", `{"code":42901,"http":429,"error":"limit reached"}`),
		strict: func(r *http.Request, body []byte) string {
			var m struct {
				Topic, Title, Message, Click string
				Priority                     int
				Tags                         []string
			}
			return limits(body, &m, func() (bad []string) {
				check(&bad, r.URL.Path == "/" && r.Header.Get("Authorization") == "Bearer tk_secret", "path or key")
				check(&bad, m.Topic == "tokentoken" && m.Priority >= 1 && m.Priority <= 5, "topic, priority")
				check(&bad, len(body) <= 2*4096, "a body of %d bytes", len(body))
				check(&bad, len(m.Title) <= 250 && m.Message != "" && len(m.Message) <= 4096, "%d bytes", len(m.Message))
				return bad
			})
		},
	},
	"pagerduty": {
		fields: func(url string) map[string]string {
			return map[string]string{"routing_key": strings.Repeat("0a", 16), "url": url + "/v2/enqueue"}
		},
		secret: strings.Repeat("0a", 16),
		good:   say(202, `{"status":"success","message":"Event processed","dedup_key":"x"}`), busy: busyFor("1800", `{"status":"throttle exceeded"}`),
		strict: func(_ *http.Request, body []byte) string {
			var m struct {
				Key     string `json:"routing_key"`
				Action  string `json:"event_action"`
				Dedup   string `json:"dedup_key"`
				Client  string
				URL     string `json:"client_url"`
				Links   []struct{ Href, Text string }
				Payload *struct {
					Summary, Source, Severity, Timestamp, Component, Group, Class string
					Details                                                       map[string]any `json:"custom_details"`
				}
			}
			return limits(body, &m, func() (bad []string) {
				check(&bad, len(body) <= 512<<10 && len(m.Key) == 32 && m.Dedup != "" && len(m.Dedup) <= 255, "key")
				check(&bad, m.Action == "trigger" || m.Action == "resolve", "action %q", m.Action)
				p := m.Payload
				check(&bad, p != nil && p.Summary != "" && utf8.RuneCountInString(p.Summary) <= 1024 && p.Source != "", "payload")
				check(&bad, strings.Contains("critical error warning info", p.Severity) && p.Severity != "", "severity %q", p.Severity)
				return bad
			})
		},
	},
	"alertmanager": {
		fields: func(url string) map[string]string {
			return map[string]string{"url": url + "/am/", "username": "u", "password": "tokentoken"}
		},
		secret: "tokentoken",
		good:   say(200, ""), busy: busyFor("1800", ""),
		strict: func(r *http.Request, body []byte) string {
			var list []struct {
				Labels, Annotations map[string]string
				StartsAt, EndsAt    time.Time
				GeneratorURL        string
			}
			return limits(body, &list, func() (bad []string) {
				check(&bad, r.URL.Path == "/am/api/v2/alerts" && r.Header.Get("Authorization") == "Basic "+base64.StdEncoding.EncodeToString([]byte("u:tokentoken")), "path or key")
				check(&bad, len(list) > 0, "no alerts")
				for _, a := range list {
					_, err := url.ParseRequestURI(a.GeneratorURL)
					check(&bad, a.GeneratorURL == "" || err == nil, "%v", err)
					for name, value := range a.Labels {
						check(&bad, labelName.MatchString(name) && utf8.ValidString(value) && value != "", "label %s=%q", name, value)
					}
					for name := range a.Annotations {
						check(&bad, labelName.MatchString(name), "annotation %s", name)
					}
					check(&bad, a.Labels["alertname"] != "" && !a.EndsAt.Before(a.StartsAt) && a.EndsAt.Sub(a.StartsAt) > -1, "labels or times")
				}
				return bad
			})
		},
	},
}

// longAlert is as long and as odd as an alert gets.
func longAlert(kind fsm.AlertKind) fsm.Alert {
	at := time.Date(2026, 5, 1, 2, 10, 0, 0, time.UTC)
	return fsm.Alert{
		ID: fsm.AlertID{1, byte(kind)}, Heartbeat: fsm.HeartbeatID{2}, Incident: 3, Kind: kind, CreatedAt: at,
		Evidence: fsm.Evidence{
			Name: strings.Repeat("<!everyone> @here *_`🔥&", 8) + "name", LastPing: at.Add(-time.Hour), LastFrom: "2001:db8::1", Interval: 60, Grace: 5, Threshold: 2, Misses: 2,
			Pings: 7, Due: at, Failed: true, Exit: 1, Output: strings.Repeat("\\_*|<>&`🔥\n", 400), Since: at.Add(-time.Minute), Down: time.Minute, Failures: 1,
		},
	}
}

// TestEachServiceTakesWhatItIsSent: of every kind of alert, as long as it gets, in a digest of
// three thousand, and as a test.
func TestEachServiceTakesWhatItIsSent(t *testing.T) {
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	client := outgoing.New(policy)
	openers := openersBy(client, DefaultConfig())
	var members []fsm.Alert
	for i := range 3_000 {
		m := longAlert([]fsm.AlertKind{fsm.AlertDown, fsm.AlertRecovered, fsm.AlertUnheard}[i%3])
		m.Heartbeat = fsm.HeartbeatID{1, byte(i), byte(i >> 8)}
		m.Evidence.Output = ""
		members = append(members, m)
	}
	messages := []channel.Message{channel.NewTest("al_test", "n1", "https://qb.example", time.Now())}
	for _, k := range []fsm.AlertKind{fsm.AlertDown, fsm.AlertFailure, fsm.AlertRecovered, fsm.AlertUnheard} {
		messages = append(messages, channel.New(longAlert(k), nil, message.Options{Base: "https://qb.example"}), channel.New(longAlert(k), nil, message.Options{}))
	}
	for _, odd := range []string{"<", `"`, "\\", "\n.", "🔥", "é", "\x01\xff", "\u2028", "*", "&"} { // what is long when it is escaped
		a := longAlert(fsm.AlertFailure)
		a.Evidence.Output = strings.Repeat(odd, 10_000/len(odd))
		if odd = strings.Trim(strings.ToValidUTF8(odd, ""), "\x01"); odd == "" {
			odd = "x" // all but an output is text
		}
		a.Evidence.Name = strings.Repeat(odd, 200/len(odd))
		a.About = fsm.About{Description: strings.Repeat(odd, 1000/len(odd)), Owner: strings.Repeat(odd, 100/len(odd)), Runbook: "https://wiki.example/" + strings.Repeat("x", 1900), Tags: []string{odd, "x"}}
		messages = append(messages, channel.New(a, nil, message.Options{Base: "https://qb.example"}))
	}
	messages = append(messages, channel.New(fsm.Alert{ID: fsm.AlertID{9}, Kind: fsm.AlertDigest, CreatedAt: time.Now(), Members: make([]fsm.AlertID, len(members))}, members, message.Options{}))
	for name, f := range families {
		t.Run(name, func(t *testing.T) {
			x := newService(t, f.strict, f.good, f.busy)
			k, _ := kinds.Find(name)
			fields, err := k.Merge(nil, f.fields(x.URL))
			testkit.Must(t, err)
			spec := fsm.ChannelSpec{Name: name, Kind: name, Fields: fields}
			send := func(m channel.Message) (string, error) {
				d, err := openers[name].Open(t.Context(), spec, m)
				if err != nil {
					return "", err
				}
				defer d.Close()
				return d.Complete(t.Context(), time.Now().Add(time.Minute))
			}
			for _, m := range messages {
				if k.Alone && m.Alert.Kind == fsm.AlertDigest {
					continue
				}
				answer, err := send(m)
				if err != nil || strings.Contains(answer, f.secret) {
					t.Errorf("%v: %q, %v", m.Alert.Kind, answer, err)
				}
			}
			x.busy = 1
			_, err = send(messages[1])
			if channel.Classify(err) != channel.Trouble || strings.Contains(err.Error(), f.secret) {
				t.Errorf("429 is %v: %v", channel.Classify(err), err)
			}
			if after := channel.RetryAfter(err); name != "ntfy" && (after < 30*time.Second || after > time.Hour) {
				t.Errorf("429 asks to wait for %v", after)
			}
			for status, class := range map[int]channel.Class{408: channel.Trouble, 500: channel.Trouble, 502: channel.Trouble, 503: channel.Trouble, 400: channel.Refused, 401: channel.Refused, 403: channel.Refused, 404: channel.Refused, 410: channel.Refused, 413: channel.Refused, 302: channel.Refused} {
				x.says(say(status, "<html>"+f.secret+"</html>"))
				if _, err = send(messages[1]); err == nil || channel.Classify(err) != class || strings.Contains(err.Error(), f.secret) {
					t.Errorf("%d is %v: %v", status, channel.Classify(err), err)
				}
			}
			x.says(func(http.ResponseWriter) { panic(http.ErrAbortHandler) }) // when it has it all
			if _, err = send(messages[1]); channel.Classify(err) != channel.InDoubt {
				t.Errorf("no answer is %v: %v", channel.Classify(err), err)
			}
			release := make(chan struct{})
			x.says(func(http.ResponseWriter) { <-release })
			client.Limits.Answer = 100 * time.Millisecond
			if _, err = send(messages[1]); channel.Classify(err) != channel.InDoubt {
				t.Errorf("no answer in time is %v: %v", channel.Classify(err), err)
			}
			client.Limits.Answer = time.Minute
			close(release)
			x.Close()
			if _, err = send(messages[1]); err == nil || strings.Contains(err.Error(), f.secret) {
				t.Errorf("a service that is gone: %v", err)
			}
		})
	}
}

// TestARecoveryResolvesTheSameThing where the service can.
func TestARecoveryResolvesTheSameThing(t *testing.T) {
	key := map[string]func(map[string]any) string{
		"pagerduty": func(m map[string]any) string { return fmt.Sprint(m["dedup_key"]) },
		"alertmanager": func(m map[string]any) string {
			return fmt.Sprint(m["list"].([]any)[0].(map[string]any)["labels"])
		},
	}
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	openers := openersFor(DefaultConfig(), policy, nil)
	for name, keyOf := range key {
		f := families[name]
		x := newService(t, f.strict, f.good, f.busy)
		k, _ := kinds.Find(name)
		fields, err := k.Merge(nil, f.fields(x.URL))
		testkit.Must(t, err)
		for _, kind := range []fsm.AlertKind{fsm.AlertDown, fsm.AlertFailure, fsm.AlertRecovered, fsm.AlertUnheard} {
			a := longAlert(kind)
			a.Evidence.Name = "renamed meanwhile " + kind.String()
			d, err := openers[name].Open(t.Context(), fsm.ChannelSpec{Kind: name, Fields: fields}, channel.New(a, nil, message.Options{}))
			testkit.Must(t, err)
			_, err = d.Complete(t.Context(), time.Now().Add(time.Minute))
			testkit.Must(t, err)
		}
		var keys []string
		for _, m := range x.taken {
			keys = append(keys, keyOf(m))
		}
		if keys[0] != keys[1] || keys[0] != keys[2] || keys[0] == keys[3] {
			t.Errorf("%s: %q", name, keys)
		}
	}
}

func TestTelegramSaysItselfWhetherItTookAMessage(t *testing.T) {
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	openers := openersFor(DefaultConfig(), policy, nil)
	for body, class := range map[string]channel.Class{
		`{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`: channel.Refused,
		`<html>captive portal</html>`: channel.Trouble,
		`{}`:                          channel.Refused,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		fields := []fsm.ChannelField{{Name: "api_url", Value: srv.URL}, {Name: "token", Value: "1:tokentoken", Secret: true}, {Name: "chat_id", Value: "1"}}
		d, err := openers["telegram"].Open(t.Context(), fsm.ChannelSpec{Kind: "telegram", Fields: fields}, channel.New(longAlert(fsm.AlertDown), nil, message.Options{}))
		testkit.Must(t, err)
		if _, err := d.Complete(t.Context(), time.Now().Add(time.Minute)); err == nil || channel.Classify(err) != class {
			t.Errorf("%s: %v", body, err)
		}
		srv.Close()
	}
}

// TestWhatServicesSayBesideTheirStatus: how long to wait, in each one's form, and failures that come as a success.
func TestWhatServicesSayBesideTheirStatus(t *testing.T) {
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	openers := openersFor(DefaultConfig(), policy, nil)
	for _, c := range []struct {
		kind   string
		answer func(w http.ResponseWriter)
		class  channel.Class
		after  time.Duration
	}{
		{"slack", busyFor("7", "rate_limited"), channel.Trouble, 7 * time.Second},
		{"discord", busyFor("", `{"message":"You are being rate limited.","retry_after":0.65,"global":false}`), channel.Trouble, 650 * time.Millisecond},
		{"discord", busyFor("9", `{"message":"The resource is being rate limited.","retry_after":9.25,"global":true}`), channel.Trouble, 9250 * time.Millisecond},
		{"discord", busyFor("60", "<html>error code: 1015</html>"), channel.Trouble, time.Minute},
		{"discord", busyFor("", `{"retry_after":86400}`), channel.Trouble, time.Hour},
		{"discord", busyFor("", `{"retry_after":-1}`), channel.Trouble, 0},
		{"telegram", busyFor("", `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}`), channel.Trouble, 35 * time.Second},
		{"telegram", busyFor("", `{"ok":false,"parameters":{"retry_after":99999999999}}`), channel.Trouble, time.Hour},
		{"ntfy", busyFor("", `{"code":42901,"http":429,"error":"limit reached: too many requests"}`), channel.Trouble, 0},
		{"pagerduty", busyFor("12", ``), channel.Trouble, 12 * time.Second},
		{"teams", say(200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0"), channel.Trouble, 0},
		{"teams", say(200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with ContextId tcid=0"), channel.Refused, 0},
		{"teams", say(200, "endpoint returned HTTP error "), channel.Trouble, 0},
		{"alertmanager", busyFor("Fri, 31 Dec 2099 23:59:59 GMT", ""), channel.Trouble, time.Hour},
	} {
		x := newService(t, nil, nil, nil)
		x.says(c.answer)
		k, _ := kinds.Find(c.kind)
		fields, err := k.Merge(nil, families[c.kind].fields(x.URL))
		testkit.Must(t, err)
		_, err = sendOnce(t.Context(), openers[c.kind], fsm.ChannelSpec{Kind: c.kind, Fields: fields})
		if err == nil || channel.Classify(err) != c.class || channel.RetryAfter(err) != c.after {
			t.Errorf("%s: %v, after %v: %v; want %v, %v", c.kind, channel.Classify(err), channel.RetryAfter(err), err, c.class, c.after)
		}
	}
}
