package client

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func TestATrialTellsHowLongItsHistoryIs(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		alerts int
		days   float64
		want   string
	}{
		{0, 0, "0 alerts in less than 3 hours"},
		{1, 0.1, "1 alert in 2 hours"},
		{2, 1.9, "2 alerts in 46 hours"},
		{3, 90.2, "3 alerts in 90 days"},
	} {
		if got := wouldHave(heartbeat.Trial{Alerts: x.alerts, Days: x.days}); got != x.want {
			t.Errorf("%s, want %s", got, x.want)
		}
	}
}

// TestWhyNothingIsSuggestedIsShownWhole on a terminal of 80 columns.
func TestWhyNothingIsSuggestedIsShownWhole(t *testing.T) {
	t.Parallel()
	var w term.Table
	var out strings.Builder
	showSuggestions(&w, &heartbeat.Suggestions{Needs: 5, Pings: 12345})
	if err := w.Write(&out, 80); err != nil || !strings.Contains(out.String(), "it takes 5 good runs; stored pings: 12345") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
