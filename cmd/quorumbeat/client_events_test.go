package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

// TestEventsAreToldInLines: for people, without what moves their terminal, and for programs.
func TestEventsAreToldInLines(t *testing.T) {
	a := newFakeAPI(t)
	code, out, errs := a.ask(t, nil, "events", "--tag", "prod", "--after", "x.1.0")
	if code != cli.ExitFailed || !strings.Contains(errs, "does not know this API key") || !strings.Contains(errs, "read the lists anew") {
		t.Errorf("%d, told %q", code, errs)
	}
	for _, want := range []string{"node n1 leads, and its disk is low", "name is failing, misses 2", "nightly: an incident began: silence", "heartbeat_deleted hb_1"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not tell %q: %q", want, out)
		}
	}
	if zoned := regexp.MustCompile(`(?m)^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d (UTC|[+-]\d\d:\d\d) `); len(zoned.FindAllString(out, -1)) != 4 {
		t.Errorf("its times lack their zone: %q", out)
	}
	if strings.ContainsAny(out, "\x1b\u202e") || strings.Count(out, "\n") != 4 {
		t.Errorf("printed %q", out)
	}
	if asked := a.take(); len(asked) != 1 || asked[0] != "GET /v1/events?last_event_id=x.1.0&tag=prod" {
		t.Errorf("asked %q", asked)
	}
	_, out, _ = a.ask(t, nil, "events", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var e struct {
		ID, Event string
		Data      struct{ Reason string }
	}
	if len(lines) != 5 || json.Unmarshal([]byte(lines[3]), &e) != nil || e.ID != "x.1.2" || e.Event != "incident" || e.Data.Reason != "silence" {
		t.Errorf("printed %q", out)
	}
}
