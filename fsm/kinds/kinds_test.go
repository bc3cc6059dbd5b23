package kinds

import (
	"maps"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// good holds a value of each field that has to be there, and of those that may.
var good = map[string]map[string]string{
	"email":        {"to": "ops@example.com, night@example.com"},
	"webhook":      {"url": "https://example.com/hook?x=y", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	"slack":        {"url": "https://hooks.slack.com/services/T0/B0/abc", "token": "xoxb-1234567890-abcdefgh", "channel": "C0123456789", "api_url": "http://slack.example/api"},
	"teams":        {"url": "https://prod-1.logic.azure.com:443/workflows/x?sig=y"},
	"discord":      {"url": "https://discord.com/api/webhooks/1/abc"},
	"telegram":     {"token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "chat_id": "-1001234567890", "thread_id": "7", "api_url": "http://bot.example"},
	"ntfy":         {"topic": "ops_x-1", "server": "https://ntfy.example.com", "token": "tk_abc", "priority": "5"},
	"pagerduty":    {"routing_key": strings.Repeat("a1", 16), "severity": "warning", "url": "https://events.eu.pagerduty.com/v2/enqueue"},
	"alertmanager": {"url": "http://am.example:9093", "username": "u", "password": "p:w", "token": "t"},
	"shoutrrr":     {"url": "gotify://push.example.com/AtokenToken.123?priority=7"},
	"command":      {"path": "/usr/local/bin/alert", "args": "--to\nops"},
}

func TestEachFieldIsTakenAndChecked(t *testing.T) {
	bad := map[string]string{"args": "a\x00b"}
	for _, k := range All {
		values := good[k.Name]
		if len(values) != len(k.Fields) {
			t.Errorf("%s: %d values for %d fields", k.Name, len(values), len(k.Fields))
		}
		list, err := k.Merge(nil, values)
		if err != nil || len(list) != len(k.Fields) {
			t.Fatalf("%s: %v, %v", k.Name, list, err)
		}
		for _, f := range k.Fields {
			wrong := bad[f.Name]
			if wrong == "" {
				wrong = "\x01 no: such\nvalue\u2028 "
			}
			_, err := k.Merge(list, map[string]string{f.Name: wrong})
			if err == nil || strings.Contains(err.Error(), wrong) {
				t.Errorf("%s, %s: a bad value: %v", k.Name, f.Name, err)
			}
			_, err = k.Merge(list, map[string]string{f.Name: ""})
			if (err != nil) != f.Required {
				t.Errorf("%s, %s taken away: %v", k.Name, f.Name, err)
			}
			kept, err := k.Merge(list, map[string]string{f.Name: Hidden})
			if f.Secret && (err != nil || len(kept) != len(list)) || !f.Secret && err == nil && f.Name != "args" {
				t.Errorf("%s, %s written back as shown: %v, %v", k.Name, f.Name, kept, err)
			}
		}
		spec := fsm.ChannelSpec{Name: "x", Kind: k.Name, Fields: list, On: fsm.SetOf(fsm.ChannelKinds...)}
		if err := spec.Validate(); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
	webhook, _ := Find("webhook")
	if _, err := webhook.Merge(nil, map[string]string{"url": "https://example.com/", "colour": "red"}); err == nil || !strings.Contains(err.Error(), "has no colour; it has url, secret") {
		t.Error(err)
	}
	if _, err := webhook.Merge(nil, map[string]string{"url": "https://example.com/", "secret": Hidden}); err == nil {
		t.Error("a hidden secret was taken for a channel that has none")
	}
}

func TestTargetsTellNoSecret(t *testing.T) {
	want := map[string]string{
		"email": "ops@example.com, night@example.com", "webhook": "example.com", "slack": "hooks.slack.com", "teams": "prod-1.logic.azure.com:443", "discord": "discord.com", "telegram": "-1001234567890",
		"ntfy": "ntfy.example.com", "pagerduty": "events.eu.pagerduty.com", "alertmanager": "am.example:9093", "command": "/usr/local/bin/alert", "shoutrrr": "gotify",
	}
	for _, k := range All {
		list, err := k.Merge(nil, good[k.Name])
		if got := Target(fsm.ChannelSpec{Kind: k.Name, Fields: list}); err != nil || got == "" || got != want[k.Name] {
			t.Errorf("%s goes to %q, want %q (%v)", k.Name, got, want[k.Name], err)
		}
	}
	if got := Target(fsm.ChannelSpec{Kind: "ntfy"}); got != "ntfy.sh" {
		t.Errorf("by default %q", got)
	}
	for _, spec := range []fsm.ChannelSpec{{Kind: "of later"}, {Kind: "slack", Fields: []fsm.ChannelField{{Name: "url", Value: "hush", Secret: true}}}} {
		if got := Target(spec); got != "" {
			t.Errorf("%s: %q", spec.Kind, got)
		}
	}
}

func TestSigningSecrets(t *testing.T) {
	for v, ok := range map[string]bool{
		SigningSecret(make([]byte, 24)): true, SigningSecret(make([]byte, 64)): true,
		SigningSecret(make([]byte, 23)): false, SigningSecret(make([]byte, 65)): false,
		"whsec_": false, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": false, "whsec_!!!!": false,
	} {
		if _, err := SigningKey(v); (err == nil) != ok {
			t.Errorf("%q: %v", v, err)
		}
	}
}

func TestShoutrrrURLs(t *testing.T) {
	for v, want := range map[string]string{
		"gotify://push.example.com/AtokenToken.123":                                         "",
		"gotify://push.example.com:8443/sub/path/AtokenToken.123?priority=7&disabletls=yes": "",
		"pushover://shoutrrr:aToken123@uUser456/?devices=phone,desk&priority=-1":            "",
		"pushbullet://o.hushhush/device":                                                    "", "pushbullet://o.hushhush/%23ops": "", "pushbullet://o.hushhush/": "",
		"googlechat://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t": "",
		"mattermost://bot@chat.example.com/hushhush/ops":                        "", "rocketchat://bot@chat.example.com/hush/hushhush/@ann": "",
		"zulip://bot%40example.com:hushhush@zulip.example.com/?stream=ops&topic=jobs": "",

		"": "URL like", "gotify": "URL like", "://": "URL like", "gotify://": "gotify://HOST/TOKEN", "gotify://h/": "gotify://HOST/TOKEN", "gotify://h/../hushhush": "gotify://HOST/TOKEN",
		"gotify://h:99999/hushhush": "gotify://HOST/TOKEN", "gotify://h/hushhush#x": "gotify://HOST/TOKEN", "gotify://h/hushhush?insecureskipverify=yes": "may only have priority disabletls",
		"gotify://h/hushhush?priority=11": "priority must be", "pushover://x:hushhush@u/?priority=2": "priority must be", "gotify://h/hushhush?disabletls=maybe": "yes or no",
		"gotify://h/hushhush?priority=1&priority=2": "each once", "zulip://b:hushhush@h/": "stream is missing", "zulip://h/?stream=x": "zulip://BOT", "pushbullet://o.hushhush/a/b": "pushbullet://",
		"slack://hook:hushhush@webhook": "a kind of its own: slack", "generic://h/hushhush": "a kind of its own: webhook", "matrix://u:hushhush@h/": "not among those", "logger://": "not among those", "http://h/hushhush": "not among those",
	} {
		_, err := ParseShoutrrr(v)
		switch {
		case (err == nil) != (want == ""), err != nil && !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v, want %q", v, err, want)
		case err != nil && strings.Contains(err.Error(), "hushhush"):
			t.Errorf("%s: the error tells the secret: %v", v, err)
		}
	}
}

// TestASecretStaysWithItsServer: who changes a channel is not shown its secrets, and cannot have them sent to himself.
func TestASecretStaysWithItsServer(t *testing.T) {
	for _, x := range []struct {
		kind, field  string
		first        map[string]string
		same, others []string
		secret       string
	}{
		{"alertmanager", "url", map[string]string{"url": "https://am.example.com/a", "username": "u", "password": "p"}, []string{"https://AM.example.com/b?c"}, []string{"https://evil.example.com/a", "http://am.example.com/a", "https://am.example.com:444/a"}, "password"},
		{"alertmanager", "url", map[string]string{"url": "https://am.example.com/a", "token": "p"}, nil, []string{"https://evil.example.com/a"}, "token"},
		{"ntfy", "server", map[string]string{"topic": "t", "token": "p"}, []string{"https://ntfy.sh/", ""}, []string{"https://evil.example.com"}, "topic"},
		{"telegram", "api_url", map[string]string{"token": "1:abcdefghijklmnopqrstuvwxyz0123456789", "chat_id": "1"}, []string{"https://api.telegram.org"}, []string{"https://evil.example.com"}, "token"},
		{"slack", "api_url", map[string]string{"token": "xoxb-123456789012-abcdefghijklmnop", "channel": "C0123456789"}, []string{"https://slack.com/api/"}, []string{"https://evil.example.com"}, "token"},
		{"pagerduty", "url", map[string]string{"routing_key": "0123456789abcdef0123456789abcdef"}, []string{"https://events.pagerduty.com/v3"}, []string{"https://evil.example.com"}, "routing_key"},
	} {
		k, _ := Find(x.kind)
		old, err := k.Merge(nil, x.first)
		if err != nil {
			t.Fatal(x.kind, err)
		}
		for _, url := range x.same {
			if _, err := k.Merge(old, map[string]string{x.field: url}); err != nil {
				t.Errorf("%s, %q: %v", x.kind, url, err)
			}
		}
		for _, url := range x.others {
			for _, sent := range []map[string]string{{x.field: url}, {x.field: url, x.secret: Hidden}} {
				if _, err := k.Merge(old, sent); err == nil || !strings.Contains(err.Error(), x.field+" leads to another server") || !strings.Contains(err.Error(), x.secret) {
					t.Errorf("%s, %v: %v", x.kind, sent, err)
				}
			}
			sent := maps.Clone(x.first)
			sent[x.field] = url
			if _, err := k.Merge(old, sent); err != nil {
				t.Errorf("%s, %q with its secrets: %v", x.kind, url, err)
			}
		}
	}
	// A webhook's secret signs, and is never sent.
	k, _ := Find("webhook")
	old, _ := k.Merge(nil, map[string]string{"url": "https://example.com/", "secret": SigningSecret(make([]byte, 32))})
	if _, err := k.Merge(old, map[string]string{"url": "https://example.org/"}); err != nil {
		t.Error(err)
	}
}
