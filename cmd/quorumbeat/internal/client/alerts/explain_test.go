package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func TestAnExplanationIsReadAtAGlance(t *testing.T) {
	soon, ann := time.Now().Add(30*time.Minute+time.Second/2), "Ann"
	show := func(x heartbeat.Explanation, wide bool) string {
		w, out := term.Table{Wide: wide}, strings.Builder{}
		showExplanation(&w, &x)
		if err := w.Write(&out, 0); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(out.String()), " ")
	}
	x := heartbeat.Explanation{
		HeartbeatName: "nightly", Status: "active", Told: true, AlertsAt: &soon,
		Targets: []heartbeat.ExplainedTarget{
			{Channel: "email", Recipient: "x@example.com", Because: "the heartbeat's own email", Told: true, Trouble: "535 no"},
			{Channel: "slack", Recipient: "ops", Because: "it shares the tag db", Told: true, At: &soon, WaitsFor: []heartbeat.ExplainedWait{{Words: "it has to last"}}},
			{Channel: "ntfy", Recipient: "phone", Because: "the heartbeat names it", Words: "it does not take alerts of this kind"},
		},
		Overruled: []heartbeat.ExplainedTarget{{Channel: "webhook", Recipient: "spare", Because: "it is a default channel", Words: "others are chosen"}},
	}
	got := show(x, false)
	for _, want := range []string{
		"nightly is active, and alerts at", "at once x@example.com email the heartbeat's own email trouble: 535 no",
		"later ops slack it shares the tag db in 30m; it has to last", "no phone ntfy the heartbeat names it it does not take", "Not used, for others are chosen: spare",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing: %s", want, got)
		}
	}
	if got := show(x, true); !strings.Contains(got, "no spare webhook it is a default channel others are chosen") {
		t.Errorf("wide: %s", got)
	}
	x.AlertsAt, x.Incident = nil, &heartbeat.OpenIncident{Since: soon}
	x.Silent = &heartbeat.Silence{Words: "its incident is acknowledged", By: &ann}
	x.Targets[0].Alert, x.Targets[0].At = &heartbeat.ExplainedAlert{State: "sent"}, &soon
	if got := show(x, false); !strings.Contains(got, "Nobody is told now: its incident is acknowledged, by Ann.") || !strings.Contains(got, "yes x@example.com") {
		t.Errorf("acknowledged: %s", got)
	}
}

// TestAReminderIsNoRepeatForWhoWasNotTold: "again" is said only where somebody was told.
func TestAReminderIsNoRepeatForWhoWasNotTold(t *testing.T) {
	at := time.Now()
	for state, want := range map[string]string{"sent": "It is told again at", "pending": "A reminder is due at"} {
		x := &heartbeat.Explanation{NextReminderAt: &at, Targets: []heartbeat.ExplainedTarget{{Alert: &heartbeat.ExplainedAlert{State: state}}}}
		if lines := strings.Join(linesOf(x), "\n"); !strings.Contains(lines, want) {
			t.Errorf("%s: %s", state, lines)
		}
	}
}
