package call

import (
	"testing"
	"time"
)

func TestWhenAPauseIsToEnd(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 28, 9, 30, 0, 0, berlin) // the clock is set forward in the night
	for text, want := range map[string]string{
		"10:00":                "2026-03-28T10:00:00+01:00",
		"08:00":                "2026-03-29T08:00:00+02:00",
		"9:30":                 "2026-03-29T09:30:00+02:00",
		"2026-05-02 08:00":     "2026-05-02T08:00:00+02:00",
		"2026-05-02T08:00":     "2026-05-02T08:00:00+02:00",
		"2026-05-02T08:00:00Z": "2026-05-02T08:00:00Z",
		"2020-01-01T00:00:00Z": "2020-01-01T00:00:00Z", // the cluster says that it is past
	} {
		if got, err := TimeToCome(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "tomorrow", "25:00", "2026-02-30 08:00", "08:00:00", "2h", "\xff"} {
		if got, err := TimeToCome(text, now); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
