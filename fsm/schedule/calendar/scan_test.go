package calendar_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/calendar"
)

// wanted is a calendar time as plain sets, and the text that says the same.
type wanted struct {
	weekdays, months, days, hours, minutes map[int]bool
	second                                 int
	text                                   string
}

func randomWanted(r *rand.Rand) wanted {
	w := wanted{second: r.IntN(60) * r.IntN(2)}
	var month, day, hour, minute string
	w.weekdays, _ = randomList(r, 0, 6)
	w.months, month = randomList(r, 1, 12)
	w.days, day = randomList(r, 1, 31)
	w.hours, hour = randomList(r, 0, 23)
	w.minutes, minute = randomList(r, 0, 59)
	if len(w.months) < 6 {
		w.months, month = everything(1, 12), "*"
	}
	weekdays := dayNames(w.weekdays)
	if weekdays != "" {
		weekdays += " "
	}
	w.text = fmt.Sprintf("%s*-%s-%s %s:%s:%02d", weekdays, month, day, hour, minute, w.second)
	return w
}

func everything(low, high int) map[int]bool {
	set := map[int]bool{}
	for n := low; n <= high; n++ {
		set[n] = true
	}
	return set
}

func dayNames(set map[int]bool) string {
	if len(set) == 7 {
		return ""
	}
	var names []string
	for d := range 7 {
		if set[d] {
			names = append(names, time.Weekday(d).String()[:3])
		}
	}
	return strings.Join(names, ",")
}

// randomList is a star, a list, a range or a repetition.
func randomList(r *rand.Rand, low, high int) (map[int]bool, string) {
	set := map[int]bool{}
	a, b := low+r.IntN(high-low+1), low+r.IntN(high-low+1)
	switch r.IntN(5) {
	case 0:
		set[a], set[b] = true, true
		return set, fmt.Sprintf("%d,%d", a, b)
	case 1:
		a, b = min(a, b), max(a, b)
		for n := a; n <= b; n++ {
			set[n] = true
		}
		return set, fmt.Sprintf("%d..%d", a, b)
	case 2:
		step := 1 + r.IntN(max(1, (high-low)/2))
		a = low + r.IntN(max(1, high-low-step))
		for n := a; n <= high; n += step {
			set[n] = true
		}
		return set, fmt.Sprintf("%d/%d", a, step)
	}
	return everything(low, high), "*"
}

func (w wanted) at(t time.Time) bool {
	return w.weekdays[int(t.Weekday())] && w.months[int(t.Month())] && w.days[t.Day()] && w.hours[t.Hour()] && w.minutes[t.Minute()] && t.Second() == w.second
}

// scan looks at every minute of some days, and takes each wall time when it is first shown.
func (w wanted) scan(from time.Time, minutes int, loc *time.Location) []int64 {
	var found []int64
	seen := map[string]bool{}
	for i := -26 * 60; i < minutes; i++ {
		at := from.Add(time.Duration(i)*time.Minute + time.Duration(w.second)*time.Second)
		wall := at.In(loc)
		shown := wall.Format(time.DateTime)
		if w.at(wall) && !seen[shown] && i >= 0 && at.After(from) {
			found = append(found, at.Unix())
		}
		seen[shown] = true
	}
	return found
}

func TestNextIsWhatAScanFinds(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for zone, days := range map[string][]string{
		"Europe-Berlin":       {"2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z"},
		"America-Sao_Paulo":   {"2018-02-17T20:00:00Z", "2018-11-03T20:00:00Z"},
		"Australia-Lord_Howe": {"2026-04-04T10:00:00Z", "2026-10-03T10:00:00Z"},
		"Pacific-Apia":        {"2011-12-30T00:00:00Z"},
	} {
		data, err := os.ReadFile(filepath.Join("../../../testdata/schedules/zones", zone+".tzif"))
		if err != nil {
			t.Fatal(err)
		}
		loc, err := time.LoadLocationFromTZData(zone, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			from, err := time.Parse(time.RFC3339, day)
			if err != nil {
				t.Fatal(err)
			}
			for range 15 {
				compareWithScan(t, randomWanted(r), from, loc)
			}
		}
	}
}

func compareWithScan(t *testing.T, w wanted, from time.Time, loc *time.Location) {
	t.Helper()
	e, err := calendar.Parse(w.text)
	if err != nil {
		if !strings.Contains(err.Error(), "does not exist") {
			t.Error(err)
		}
		return
	}
	const minutes = 20 * 60
	var got []int64
	end := from.Add(minutes * time.Minute)
	for at, ok := e.Next(from, loc); ok && at.Before(end); at, ok = e.Next(at, loc) {
		got = append(got, at.Unix())
	}
	if want := w.scan(from, minutes, loc); !slices.Equal(got, want) {
		t.Errorf("%q in %v from %v: %d times, a scan finds %d", w.text, loc, from, len(got), len(want))
	}
}

// TestARangeFromTheEnd: what `systemd-analyze calendar` 252 says of days that are counted from the end of February 2024.
func TestARangeFromTheEnd(t *testing.T) {
	for expression, want := range map[string]string{
		"*-*~06..25/04": "8 12 16 20 24",
		"*-*~1..5/2":    "25 27 29",
		"*-*~1..3":      "27 28 29",
		"*-*~7/3":       "23 26 29",
	} {
		e, err := calendar.Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for at := time.Date(2024, 1, 31, 12, 0, 0, 0, time.UTC); ; {
			next, ok := e.Next(at, time.UTC)
			if !ok || next.Month() != time.February {
				break
			}
			got, at = append(got, fmt.Sprint(next.Day())), next
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s elapses on %v, want %s", expression, got, want)
		}
	}
}
