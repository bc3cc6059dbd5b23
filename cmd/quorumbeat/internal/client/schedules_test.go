package client

import (
	"testing"

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
