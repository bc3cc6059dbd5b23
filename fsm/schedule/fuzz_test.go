package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// FuzzParse: whatever is written, Parse answers with a schedule that behaves, or with an error
// whose suggestion works.
func FuzzParse(f *testing.F) {
	for _, r := range append(readAll(f, "cron.tsv"), readAll(f, "calendar.tsv")...) {
		f.Add(r)
	}
	expressions, _ := readErrors(f)
	for _, e := range expressions {
		f.Add(e)
	}
	zones := []*time.Location{time.UTC, zone(f, "Europe/Berlin"), zone(f, "Australia/Lord_Howe"), zone(f, "Pacific/Apia"), zone(f, "America/Sao_Paulo")}
	from := time.Date(2011, 12, 29, 20, 0, 0, 0, time.UTC) // Apia leaves a day out
	f.Fuzz(func(t *testing.T, expression string) {
		s, err := schedule.Parse([]string{expression})
		if err != nil {
			checkError(t, err)
			return
		}
		if said := s.Describe(); said == "" || strings.Contains(said, "  ") {
			t.Errorf("%q is described as %q", expression, said)
		}
		for _, z := range zones {
			checkNear(t, s, from, z)
			checkTimes(t, expression, s, from, z)
			checkTimes(t, expression, s, time.Date(2018, 11, 3, 23, 0, 0, 0, time.UTC), z)
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var e *schedule.Error
	if !errors.As(err, &e) || e.Field == "" || e.Reason == "" {
		t.Fatalf("%#v", err)
	}
	if e.Suggestion == "" {
		return
	}
	if _, err := schedule.Parse([]string{e.Suggestion}); err != nil {
		t.Errorf("%v: the suggestion does not work: %v", e, err)
	}
}

// checkNear checks that what is suggested for a date that does not come within ten years does.
func checkNear(t *testing.T, s schedule.Schedule, from time.Time, z *time.Location) {
	t.Helper()
	var e *schedule.Error
	if err := s.Check(from, z); !errors.As(err, &e) {
		return
	}
	near, err := schedule.Parse([]string{e.Suggestion})
	if err != nil || near.Check(from, z) != nil {
		t.Errorf("%v: the suggestion does not work: %v", e, err)
	}
}

// checkTimes checks that times rise by a minute at least, each quickly found, and the same from
// wherever one asks.
func checkTimes(t *testing.T, expression string, s schedule.Schedule, from time.Time, z *time.Location) {
	t.Helper()
	at := from
	for range 5 {
		next, ok := s.Next(at, z)
		if !ok {
			return
		}
		if !next.After(at) || at != from && next.Sub(at) < time.Minute {
			t.Fatalf("%q in %v: %v follows %v", expression, z, next, at)
		}
		if again, _ := s.Next(next.Add(-1), z); !again.Equal(next) {
			t.Fatalf("%q in %v: from just before %v, the next is %v", expression, z, next, again)
		}
		if between, _ := s.Next(at.Add(next.Sub(at)/2), z); !between.Equal(next) {
			t.Fatalf("%q in %v: after %v comes %v, but from between %v", expression, z, at, next, between)
		}
		at = next
	}
}

func readAll(t testing.TB, name string) []string {
	t.Helper()
	var all []string
	for _, r := range readTable(t, name) {
		all = append(all, r.expression)
	}
	return all
}

// The worst that there is for Next: dates that come seldom, and lists as long as they may be.
var slow = []string{
	"0 0 */28 2 1#5", "59 23 */28 2 2#5", "0 0 29 2 *", "0 0 31W 2,4 6L", "0 0 1W,2W,3W,4W,5W,6W,7W,8W,9W,10W,11W,12W,13W,14W,15W,16W,17W,18W,19W,20W * 1#5",
	"Mon *-2-29", "2199-12-31", "1970..2199/2-2-29", "Mon *-2~29,28,27/26", "Sun 2028,2056,2084-2-29 23:59:59",
}

// TestNextIsQuick: Next finds its answer, or that there is none, in well under a millisecond. A hundred
// times that is allowed here, for machines that do other things.
func TestNextIsQuick(t *testing.T) {
	t.Parallel()
	loc := zone(t, "America/New_York")
	for _, e := range slow {
		s, err := schedule.Parse([]string{e})
		if err != nil {
			continue
		}
		quickest := time.Hour
		for range 20 {
			start := time.Now()
			s.Next(time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC), loc)
			quickest = min(quickest, time.Since(start))
		}
		if quickest > 100*time.Millisecond {
			t.Errorf("%q takes %v", e, quickest)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	loc := zone(b, "America/New_York")
	for _, e := range append([]string{"0 2 * * *", "*/5 * * * *", "Mon..Fri 02:00", "0 0 L * *"}, slow...) {
		s, err := schedule.Parse([]string{e})
		if err != nil {
			continue
		}
		b.Run(e, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Next(time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC), loc)
			}
		})
	}
}
