package uptime

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const hour = 3600 * 1000

// day is a moment: so many hours after midnight of a day.
func at(day, hours int64) int64 { return day*dayMillis + hours*hour }

func TestSpansFallIntoTheirDays(t *testing.T) {
	var l Log
	l.AddDown(70, at(100, 23), at(102, 1))
	l.AddDown(70, at(100, 1), at(100, 2))
	l.AddDown(70, at(50, 0), at(50, 1)) // a clock that was wrong
	l.AddDown(70, at(60, 5), at(60, 4)) // and one that was set back
	l.Pause(70, at(102, 20))
	l.Resume(70, at(103, 4))
	l.Resume(70, at(103, 8)) // it was not paused
	want := Record{Days: []Day{{50, hour, 0}, {100, 2 * hour, 0}, {101, 24 * hour, 0}, {102, hour, 4 * hour}, {103, 0, 4 * hour}}}
	if got := l.Of(70); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := l.Of(71); !reflect.DeepEqual(got, Record{}) {
		t.Errorf("another heartbeat: %+v", got)
	}
	if n := len(l.days.of(70)); n > 7*len(want.Days) {
		t.Errorf("%d days take %d bytes", len(want.Days), n)
	}
	l.Remove(70)
	if l.Of(70).Days != nil || l.days.pages[1] != nil || l.pauses.pages[1] != nil {
		t.Error("it is not forgotten")
	}
}

func TestOnlyTheNewestDaysAreKept(t *testing.T) {
	var l Log
	l.AddDown(1, at(100, 12), at(400, 12)) // 300 days
	got := l.Of(1).Days
	if len(got) != MaxDays || got[0].Number != 400-MaxDays+1 || got[0].Down != 24*hour || got[MaxDays-1] != (Day{400, 12 * hour, 0}) {
		t.Errorf("%d days, from %+v to %+v", len(got), got[0], got[len(got)-1])
	}
	for day := int64(500); day < 700; day++ {
		l.AddDown(1, at(day, 1), at(day, 2))
	}
	if got = l.Of(1).Days; len(got) != MaxDays || got[0].Number != 700-MaxDays || len(l.days.of(1)) > 8*MaxDays {
		t.Errorf("%d days from %+v in %d bytes", len(got), got[0], len(l.days.of(1)))
	}
}

// TestDaysAddUpHoweverTimeIsCut compares with a count of minutes.
func TestDaysAddUpHoweverTimeIsCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var l Log
		want := map[int64]int64{}
		now := at(1000, 0)
		for range 30 {
			from := now + random.Int64N(40*hour)/60000*60000
			to := from + random.Int64N(60*hour)/60000*60000
			l.AddDown(3, from, to)
			for m := from; m < to; m += 60000 {
				want[m/dayMillis] += 60000
			}
			now = to
		}
		got := l.Of(3)
		for _, d := range got.Days {
			if want[d.Number] != d.Down {
				t.Fatalf("day %d: %d, want %d", d.Number, d.Down, want[d.Number])
			}
		}
		if len(got.Days) != min(len(want), MaxDays) {
			t.Fatalf("%d days, want %d", len(got.Days), len(want))
		}
	}
}

func TestASnapshotKeepsWhatItSaw(t *testing.T) {
	var l Log
	for ord := uint64(1); ord <= 200; ord += 3 {
		l.AddDown(ord, at(10, 0), at(10, int64(ord%24)+1))
	}
	picture := func(l *Log) map[uint64]string {
		all := map[uint64]string{}
		l.Each(func(ord uint64, encoded string) { all[ord] = encoded })
		return all
	}
	want := picture(&l)
	s := l.Snapshot()
	for ord := uint64(1); ord <= 200; ord++ {
		l.AddDown(ord, at(11, 0), at(11, 1))
		if ord%2 == 0 {
			l.Remove(ord)
		}
	}
	if got := picture(&s); !reflect.DeepEqual(got, want) {
		t.Error("later writes changed a snapshot")
	}
	var restored Log
	s.Each(func(ord uint64, encoded string) {
		if err := restored.Restore(ord, []byte(encoded)); err != nil {
			t.Errorf("%d: %v", ord, err)
		}
	})
	if got := picture(&restored); !reflect.DeepEqual(got, want) {
		t.Error("it comes back as another")
	}
}

// FuzzRestore: what is read has one encoding, and anything can be added to it.
func FuzzRestore(f *testing.F) {
	var l Log
	l.AddDown(1, at(100, 23), at(102, 1))
	l.Pause(1, at(103, 1))
	f.Add([]byte(l.days.of(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l Log
		if l.Restore(1, b) != nil {
			return
		}
		r := l.Of(1)
		if r.encode() != string(b) {
			t.Errorf("%x became %x", b, r.encode())
		}
		l.AddDown(1, at(100, 1), at(105, 1))
		l.Resume(1, at(106, 1))
		if err := new(Log).Restore(1, []byte(l.days.of(1))); err != nil {
			t.Errorf("%x with more: %v", b, err)
		}
	})
}

func TestWhatIsGoingOnIsToldToo(t *testing.T) {
	var l Log
	l.AddDown(1, at(998, 1), at(998, 3))
	l.Pause(1, at(999, 22))
	r := l.Of(1)
	now := at(1000, 12)
	got := r.Tell(Circumstances{Now: now, Created: at(997, 6), DownSince: at(1000, 11), Gaps: func(yield func(from, to int64)) {
		yield(at(990, 1), at(990, 2)) // before it was made
		yield(at(998, 4), at(998, 5))
		yield(at(999, 0), at(999, 0))
	}})
	if len(got) != fsm.UptimeDays || got[0].Date != fsm.WallTime(at(1000-89, 0)) || got[89].Date != fsm.WallTime(at(1000, 0)) {
		t.Fatalf("%d days from %v to %v", len(got), got[0].Date, got[len(got)-1].Date)
	}
	for i, want := range map[int][3]int64{ // down, paused, unknown
		0:  {0, 0, 24 * hour},
		86: {0, 0, 6 * hour},
		87: {2 * hour, 0, hour},
		88: {0, 2 * hour, 0},
		89: {hour, 12 * hour, 12 * hour},
	} {
		if d := got[i]; [3]int64{d.Down, d.Paused, d.Unknown} != want {
			t.Errorf("day %d: %+v, want %v", i, d, want)
		}
	}
	part, ok := fsm.Uptime(got)
	if want := 1 - 2.0/(18+23+22); !ok || part < want-1e-9 || part > want+1e-9 {
		t.Errorf("%v %v, want %v: what fails while it is not watched does not count", part, ok, want)
	}
	if _, ok := fsm.Uptime(got[:10]); ok {
		t.Error("days before it was made have an uptime")
	}
	if len(l.Of(1).Days) != 1 {
		t.Error("telling changed the record")
	}
}

// TestTheNewestPausesAreKnown, a bounded number of them, whatever the wall clock does.
func TestTheNewestPausesAreKnown(t *testing.T) {
	var l Log
	for i := range int64(MaxPauses + 5) {
		l.Pause(7, at(100+i, 1))
		l.Resume(7, at(100+i, 2))
	}
	got := l.Pauses(7, at(200, 0))
	if len(got) != MaxPauses || got[0] != (Pause{at(105, 1), at(105, 2)}) || len(l.pauses.of(7)) > 10*MaxPauses {
		t.Errorf("%d pauses in %d bytes, the oldest %v", len(got), len(l.pauses.of(7)), got[0])
	}
	last := got[MaxPauses-1]
	l.Pause(7, last.From+hour/2) // a clock that was set back
	l.Resume(7, last.To+hour)
	l.Pause(7, last.To+2*hour)
	l.Resume(7, last.To)
	want := []Pause{{last.From, last.To + hour}, {at(150, 0), at(151, 0)}}
	l.Pause(7, at(150, 0))
	if got := l.Pauses(7, at(151, 0)); !reflect.DeepEqual(got[len(got)-2:], want) {
		t.Errorf("%v, want %v at the end", got, want)
	}
	l.Remove(7)
	if got := l.Pauses(7, at(151, 0)); len(got) > 0 {
		t.Errorf("forgotten: %v", got)
	}
}

func FuzzRestorePauses(f *testing.F) {
	f.Add(encodePauses([]Pause{{at(1, 0), at(1, 1)}, {at(2, 0), at(2, 1)}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l Log
		if l.RestorePauses(1, b) != nil {
			return
		}
		if l.pauses.of(1) != string(b) {
			t.Errorf("%x became %x", b, l.pauses.of(1))
		}
		for _, p := range l.Pauses(1, 0) {
			if p.To <= p.From {
				t.Errorf("%x: %v", b, p)
			}
		}
	})
}
