package public

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestWordsOfUptime(t *testing.T) {
	for part, want := range map[float64]string{1: "100 %", 0.999999: "99.99 %", 0.995: "99.50 %", 0: "0 %"} {
		if got := percent(part); got != want {
			t.Errorf("%v is %q, want %q", part, got, want)
		}
	}
	days := make([]fsm.UptimeDay, fsm.UptimeDays)
	for i := range days {
		days[i].Date = time.Date(2026, 5, 1+i, 0, 0, 0, 0, time.UTC)
	}
	if got := wordsOf(days); got != "it did not fail while it was watched" {
		t.Errorf("%q", got)
	}
	days[89].Down, days[88].Down, days[0].Unknown = 3600_000, 500, 24*3600_000
	if got := wordsOf(days); got != "failing on 2026-07-29: 1 h" {
		t.Errorf("%q", got)
	}
	kinds := map[string]int{}
	for _, d := range days {
		kinds[kindOf(d)]++
	}
	if kinds["ok"] != 87 || kinds["some"] != 2 || kinds["none"] != 1 {
		t.Errorf("%v", kinds)
	}
	for i := range days {
		days[i].Down = 24 * 3600_000
	}
	if got := wordsOf(days); len(got) > 500 || kindOf(days[5]) != "bad" {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	if m := draw(days); len(m) != 2 || m[0].Kind != "bad" || m[1].Path != "M0 0h3v20h-3z" {
		t.Errorf("%+v", m)
	}
}

func TestWhatAnUptimeIsOf(t *testing.T) {
	const day = 24 * 3600_000
	for want, watched := range map[string][]int64{
		" over 90 days": {5, 0, day}, " so far": {0, 0, 59_000}, " in the 1 h that it was watched": {0, 0, 3600_000}, " in the 1 d 2 h that it was watched": {0, 2 * 3600_000, day},
	} {
		var days []fsm.UptimeDay
		for _, w := range watched {
			days = append(days, fsm.UptimeDay{Unknown: day - w})
		}
		if got := overWhat(days); got != want {
			t.Errorf("%v: %q, want %q", watched, got, want)
		}
	}
}

func TestSummaries(t *testing.T) {
	for _, c := range []struct {
		up, failing, paused, unheard int
		want, state                  string
	}{
		{0, 0, 0, 0, "There is nothing to show.", "paused"},
		{3, 0, 0, 0, "All is well.", "up"},
		{0, 2, 0, 0, "Everything is failing.", "failing"},
		{2, 1, 0, 0, "1 of 3 is failing.", "failing"},
		{0, 2, 1, 0, "2 of 3 are failing.", "failing"},
		{0, 0, 2, 0, "All are paused: nobody watches them now.", "paused"},
		{0, 0, 0, 1, "None has reported yet.", "new"},
		{0, 0, 1, 1, "None is watched and heard of: 1 is paused, 1 has not reported yet.", "paused"},
		{2, 0, 0, 2, "Those that report are well: 2 of 4; 2 have not reported yet.", "up"},
		{1, 0, 2, 1, "Those that report are well: 1 of 4; 2 are paused, 1 has not reported yet.", "up"},
	} {
		n := tally{"up": c.up, "failing": c.failing, "paused": c.paused, "new": c.unheard}
		if words, state, _ := n.summary(); words != c.want || state != c.state {
			t.Errorf("%v: %q, %s; want %q, %s", n, words, state, c.want, c.state)
		}
	}
}

func TestBadgesOfTags(t *testing.T) {
	for want, g := range map[string]group{
		"nothing": {}, "up": {all: 3, paused: 1, unheard: 1}, "paused": {all: 2, paused: 2}, "new": {all: 1, unheard: 1},
		"1 paused, 2 new": {all: 3, paused: 1, unheard: 2}, "1 of 3 failing": {all: 3, failing: 1, paused: 2},
	} {
		if got := ofGroup(&g); got.Message != want || (got.Color == "brightgreen") != (want == "up") {
			t.Errorf("%+v says %+v, want %s", g, got, want)
		}
	}
}
