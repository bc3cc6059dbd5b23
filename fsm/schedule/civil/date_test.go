package civil_test

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/civil"
)

func TestDatesAreThoseOfPackageTime(t *testing.T) {
	t.Parallel()
	for day := int64(-800_000); day < 3_000_000; day += 37 {
		want := time.Unix(day*civil.SecondsADay, 0).UTC()
		d := civil.DateOf(day)
		if d != (civil.Date{Year: want.Year(), Month: int(want.Month()), Day: want.Day()}) || d.Day1970() != day {
			t.Fatalf("day %d is %v (%d), want %v", day, d, d.Day1970(), want)
		}
		if civil.Weekday(day) != int(want.Weekday()) {
			t.Fatalf("day %d is weekday %d, want %v", day, civil.Weekday(day), want.Weekday())
		}
		if last := time.Date(d.Year, time.Month(d.Month)+1, 0, 0, 0, 0, 0, time.UTC).Day(); d.Last() != last {
			t.Fatalf("%v: month of %d days, want %d", d, d.Last(), last)
		}
		if d.Next() != civil.DateOf(day+1) {
			t.Fatalf("%v is followed by %v", d, d.Next())
		}
	}
}

func TestSearchEndsFarFromNow(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{{}, time.Unix(1<<62, 0), time.Unix(-1<<62, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		stretches := 0
		_, ok := civil.Search(at, nil, func(civil.Stretch, int64, int64) (int64, bool) { stretches++; return 0, false })
		if ok || stretches > 200 {
			t.Errorf("%v: %v after %d stretches", at, ok, stretches)
		}
	}
}
