package term

import (
	"testing"
	"time"
)

func TestTimesHaveTheirZone(t *testing.T) {
	for zone, want := range map[string]string{"UTC": "UTC", "Asia/Kolkata": "+05:30", "America/St_Johns": "-02:30"} {
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Skip("no time zones here:", err)
		}
		if got := zoneOf(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).In(place)); got != want {
			t.Errorf("%s: %s, want %s", zone, got, want)
		}
	}
}
