package client

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func TestMissesSayWhichOneAlerts(t *testing.T) {
	one, three := 1, 3
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for want, h := range map[string]heartbeat.Heartbeat{
		"1 in a row, alerts at 3":                                            {ConsecutiveMisses: 1, AlertAtMisses: &three, AlertRule: "threshold"},
		"0 in a row, the next alerts: resumed " + term.Time(&at):             {AlertAtMisses: &one, AlertRule: "resumed", ResumedAt: &at},
		"1 in a row, the next alerts: one was due while none could be taken": {ConsecutiveMisses: 1, AlertAtMisses: &three, AlertRule: "unheard"},
		"5 in a row": {ConsecutiveMisses: 5},
	} {
		if got := missesInWords(&h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAStatusSaysHowLongAndThatItIsLate(t *testing.T) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for want, h := range map[string]heartbeat.Heartbeat{
		"active":                         {Status: "active"},
		"active, late":                   {Status: "active", Late: true},
		"paused until " + term.Time(&at): {Status: "paused", PausedUntil: &at},
	} {
		if got := statusInWords(&h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
