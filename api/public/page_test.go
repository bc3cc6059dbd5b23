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
	if got := wordsOf(days); got != "it did not fail in 90 days" {
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
