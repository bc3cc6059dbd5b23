package webhook

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestEveryTypeIsDocumented: who receives webhooks has to know what can come.
func TestEveryTypeIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	testkit.Must(t, err)
	_, text, found := bytes.Cut(text, []byte("`type` is "))
	text, _, _ = bytes.Cut(text, []byte("`test`"))
	if !found {
		t.Fatal("docs/api.md does not say what types there are")
	}
	for kind := fsm.AlertDown; kind <= fsm.AlertCanary; kind++ {
		what := typeOf(channel.Message{Alert: fsm.Alert{Kind: kind}})
		if !bytes.Contains(text, []byte("`"+what+"`")) {
			t.Errorf("docs/api.md does not name the type %q", what)
		}
	}
}

// TestEveryFieldIsDocumented, by its name in the part of docs/api.md about webhooks.
func TestEveryFieldIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	testkit.Must(t, err)
	_, text, _ = bytes.Cut(text, []byte("A **webhook** gets"))
	text, _, found := bytes.Cut(text, []byte("An alert by a channel has"))
	if !found {
		t.Fatal("docs/api.md does not tell of webhooks")
	}
	for _, of := range []any{payload{}, data{}, group{}, event{}, incident{}, system{}, heartbeat{}, evidence{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !regexp.MustCompile("[`\".]" + name + "[`\"]").Match(text) {
				t.Errorf("docs/api.md does not name %q of %T", name, of)
			}
		}
	}
}

// TestTimesHaveThreeDecimals, as those of the API: whoever parses them with a fixed form must not fail once in a while.
func TestTimesHaveThreeDecimals(t *testing.T) {
	at := time.Date(2026, 5, 1, 2, 0, 0, 700_000_001, time.FixedZone("", 7200))
	e := fsm.Evidence{Since: at.Truncate(time.Second), LastPing: at, Due: at.Truncate(time.Second), Started: at}
	a := fsm.Alert{Kind: fsm.AlertDown, CreatedAt: at, Evidence: e, About: fsm.About{LastGood: at}}
	body, err := json.Marshal(payloadOf(channel.Message{Alert: a}))
	testkit.Must(t, err)
	times := regexp.MustCompile(`"2026-[^"]*"`).FindAllString(string(body), -1)
	if len(times) < 6 {
		t.Errorf("only %d times: %s", len(times), body)
	}
	for _, text := range times {
		if text != `"2026-05-01T00:00:00.700Z"` && text != `"2026-05-01T00:00:00.000Z"` {
			t.Errorf("%s", text)
		}
	}
}
