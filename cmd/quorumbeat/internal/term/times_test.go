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

func TestATimeIsShownInItsZone(t *testing.T) {
	at := time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
	if _, err := time.LoadLocation("Europe/Berlin"); err != nil {
		t.Skip("this machine has no rules of time zones")
	}
	for zone, want := range map[string]string{"Europe/Berlin": "2026-11-30 02:00:00 +01:00", "UTC": "2026-11-30 01:00:00 UTC", "Mars/Olympus": Time(&at)} {
		if got := TimeIn(&at, zone); got != want {
			t.Errorf("%s: %s, want %s", zone, got, want)
		}
	}
	if got := TimeIn(nil, "Europe/Berlin"); got != "-" {
		t.Error(got)
	}
}
