package webhook

import (
	"bytes"
	"os"
	"testing"

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
