package weekly

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"08:00-18:00":                       "mon,tue,wed,thu,fri,sat,sun 08:00-18:00 UTC",
		"mon-fri 08:00-18:00 Europe/Berlin": "mon,tue,wed,thu,fri 08:00-18:00 Europe/Berlin",
		"SAT,sun 22:00-06:00;  wed 00:00-24:00 Asia/Kolkata": "sat,sun 22:00-06:00 UTC; wed 00:00-24:00 Asia/Kolkata",
		"fri-mon 08:00-18:00":                                "mon,fri,sat,sun 08:00-18:00 UTC",
	} {
		h, err := Parse(text)
		if err != nil || h.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, h, err, want)
		}
		if again, err := Parse(h.String()); err != nil || again.String() != want {
			t.Errorf("%q comes back as %q, %v", want, again, err)
		}
	}
	for _, text := range []string{
		" ", ";", "mon", "mon 8", "mon 8:00-18:00", "mon 08:00", "mon 08:00-08:00", "mon 24:00-08:00", "mon 08:00-24:01", "mon 08:60-18:00",
		"mon 08:00-18:00 a b", "monday 08:00-18:00", "mon- 08:00-18:00", "mon 08:00-18:00 Zürich", "mon -1:00-18:00", "mon 08:00-18:00;",
		strings.Repeat("mon 08:00-18:00;", 14) + "mon 08:00-18:00", "mon 08:00-18:00 " + strings.Repeat("x", 65), strings.Repeat("x", 1001),
	} {
		if h, err := Parse(text); err == nil || !strings.HasPrefix(err.Error(), "hours") {
			t.Errorf("%q is %q, %v", text, h, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("mon-fri 08:00-18:00 Europe/Berlin; sat 22:00-06:00")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(h.String()); err != nil || again.String() != h.String() {
			t.Errorf("%q is %q, which is %q, %v", text, h, again, err)
		}
		spans, err := h.Spans(time.Unix(1_790_000_000, 0), func(string) (*time.Location, error) { return time.UTC, nil }, 8)
		if err != nil || text != "" && len(spans) == 0 {
			t.Errorf("%q: %v, %v", text, spans, err)
		}
		for i, x := range spans {
			if x.From >= x.To || i > 0 && x.From <= spans[i-1].To {
				t.Errorf("%q: %v", text, spans)
			}
		}
	})
}

// TestSpansThroughClockChanges looks at the nights in which Berlin's clocks change.
func TestSpansThroughClockChanges(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	zone := func(string) (*time.Location, error) { return berlin, nil }
	for name, c := range map[string]struct{ hours, at, want string }{
		"a working day":                      {"mon-fri 08:00-18:00", "2026-03-27T12:00:00Z", "03-27 07:00-17:00, 03-30 06:00-16:00, 03-31 06:00-16:00"},
		"the days before the clocks go back": {"mon-fri 08:00-18:00", "2026-10-23T20:00:00Z", "10-26 07:00-17:00, 10-27 07:00-17:00, 10-28 07:00-17:00"},
		"a night that is an hour shorter":    {"22:00-06:00", "2026-03-28T20:00:00Z", "03-28 21:00-04:00, 03-29 20:00-04:00, 03-30 20:00-04:00"},
		"a night that is an hour longer":     {"22:00-06:00", "2026-10-24T19:00:00Z", "10-24 20:00-05:00, 10-25 21:00-05:00, 10-26 21:00-05:00"},
		"from a time that is skipped":        {"sun 02:30-04:00", "2026-03-28T20:00:00Z", "03-29 01:30-02:00, 04-05 00:30-02:00, 04-12 00:30-02:00"},
		"over the end of the week":           {"sun 20:00-24:00; mon 00:00-06:00", "2026-06-07T20:00:00Z", "06-07 18:00-04:00, 06-14 18:00-04:00, 06-21 18:00-04:00"},
	} {
		h, err := Parse(c.hours)
		at, _ := time.Parse(time.RFC3339, c.at)
		spans, err2 := h.Spans(at, zone, 3)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		var got []string
		for _, x := range spans {
			got = append(got, time.UnixMilli(x.From).UTC().Format("01-02 15:04")+"-"+time.UnixMilli(x.To).UTC().Format("15:04"))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
}

// TestHoursAreShownAsPeopleWriteThem, and read back as the same.
func TestHoursAreShownAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"08:00-18:00": "08:00-18:00 UTC",
		"mon,tue,wed,thu,fri 08:00-18:00 Europe/Berlin":  "mon-fri 08:00-18:00 Europe/Berlin",
		"sat,sun 08:00-18:00":                            "sat,sun 08:00-18:00 UTC",
		"fri-mon 08:00-18:00; wed 00:00-24:00":           "mon,fri-sun 08:00-18:00 UTC; wed 00:00-24:00 UTC",
		"mon,tue,thu 22:00-06:00":                        "mon,tue,thu 22:00-06:00 UTC",
		"mon,tue,wed,fri,sat,sun 22:00-06:00 Asia/Tokyo": "mon-wed,fri-sun 22:00-06:00 Asia/Tokyo",
		"": "",
	} {
		h, err := Parse(text)
		if err != nil || h.Short() != want {
			t.Errorf("%q is shown as %q (%v), want %q", text, h.Short(), err, want)
		}
		if again, err := Parse(h.Short()); err != nil || again.String() != h.String() {
			t.Errorf("%q reads as %q, %v", h.Short(), again.String(), err)
		}
	}
}
