package kinds

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// good holds a value of each field that has to be there, and of those that may.
var good = map[string]map[string]string{
	"webhook":      {"url": "https://example.com/hook?x=y", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	"slack":        {"url": "https://hooks.slack.com/services/T0/B0/abc"},
	"teams":        {"url": "https://prod-1.logic.azure.com:443/workflows/x?sig=y"},
	"discord":      {"url": "https://discord.com/api/webhooks/1/abc"},
	"telegram":     {"token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "chat_id": "-1001234567890", "thread_id": "7", "api_url": "http://bot.example"},
	"ntfy":         {"topic": "ops_x-1", "server": "https://ntfy.example.com", "token": "tk_abc", "priority": "5"},
	"pagerduty":    {"routing_key": strings.Repeat("a1", 16), "severity": "warning", "url": "https://events.eu.pagerduty.com/v2/enqueue"},
	"alertmanager": {"url": "http://am.example:9093", "username": "u", "password": "p:w", "token": "t"},
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
	if _, err := All[0].Merge(nil, map[string]string{"url": "https://example.com/", "colour": "red"}); err == nil || !strings.Contains(err.Error(), "has no colour; it has url, secret") {
		t.Error(err)
	}
	if _, err := All[0].Merge(nil, map[string]string{"url": "https://example.com/", "secret": Hidden}); err == nil {
		t.Error("a hidden secret was taken for a channel that has none")
	}
}

func TestTargetsTellNoSecret(t *testing.T) {
	want := map[string]string{
		"webhook": "example.com", "slack": "hooks.slack.com", "teams": "prod-1.logic.azure.com:443", "discord": "discord.com", "telegram": "-1001234567890",
		"ntfy": "ntfy.example.com", "pagerduty": "events.eu.pagerduty.com", "alertmanager": "am.example:9093", "command": "/usr/local/bin/alert",
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
