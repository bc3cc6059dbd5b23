package timetable

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

const minute = 60_000

func TestWhenAWallTimeComes(t *testing.T) {
	c := &Clock{}
	c.Read(1000, 100_000)
	at := func(wall, want int64) {
		t.Helper()
		if got := c.At(wall); got != want {
			t.Errorf("%d comes at %d, want %d", wall, got, want)
		}
	}
	at(100_000, 1000)
	at(160_000, 61_000)
	if c.Read(11_000, 110_900); len(c.readings) != 1 {
		t.Error("a second off is read anew")
	}
	if earlier := c.Read(11_000, 170_000); earlier != 60_000 { // it was set forward by a minute
		t.Errorf("earlier by %d", earlier)
	}
	at(160_000, 11_000) // it is past now, and has all of its grace
	at(180_000, 21_000)
	at(105_000, 6_000)      // as before
	c.Read(21_000, 120_000) // and back
	at(160_000, 61_000)
	at(105_000, 6_000+15_000) // nobody knows by now: later rather than earlier
	if c.WallAt(22_000) != 121_000 {
		t.Error("the newest reading does not count")
	}
	// Serving time that was lost: the times in it came when the next reading was taken.
	c = &Clock{}
	c.Read(0, 1_000_000)
	c.Read(10_000, 5_000_000)
	at(1_005_000, 5_000)
	at(3_000_000, 10_000)
	c.Read(20_000, 5_020_000)
	at(3_000_000, 10_000)
}

// TestAClockNeverCallsATimePastBeforeItWas: whatever readings come, a time that lies ahead of
// all of them lies ahead in serving time, and one reading more puts none of those before it
// that had not come.
func TestTheOrderOfTimesStays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		c := &Clock{}
		serving, wall := int64(1000), int64(10_000_000)
		for range 1 + r.IntN(8) {
			c.Read(serving, wall)
			last := int64(-1)
			for x := wall; x < wall+100_000; x += 7001 {
				if s := c.At(x); s < serving || s < last {
					t.Fatalf("%d, ahead of %d, comes at %d, before %d", x, wall, s, serving)
				} else {
					last = s
				}
			}
			before := map[int64]int64{}
			for x := wall - 200_000; x < wall+200_000; x += 9001 {
				before[x] = c.At(x)
			}
			step := r.Int64N(50_000)
			serving += step
			wall += step + []int64{0, 0, 5000, 100_000, -3000, -90_000}[r.IntN(6)]
			earlier := c.Read(serving, wall)
			for x, s := range before {
				if now := c.At(x); now < s-earlier || s >= serving && now < serving {
					t.Fatalf("%d came at %d, and then at %d, which is earlier by more than %d", x, s, now, earlier)
				}
			}
		}
	}
}

func TestAPingCountsForATimeThatIsNear(t *testing.T) {
	hours := New(nil, 1, []int64{60 * minute, 120 * minute, 180 * minute})
	minutes := New(nil, 1, []int64{1 * minute, 2 * minute, 3 * minute})
	for _, x := range []struct {
		t          *Timetable
		ping, want int64
	}{
		{hours, 120*minute - 2000, 120 * minute},
		{hours, 120*minute - 60_000, 120 * minute},
		{hours, 120*minute - 60_001, 120*minute - 60_001},
		{hours, 120 * minute, 120 * minute},
		{hours, 60*minute - 2000, 60 * minute}, // the first that is known
		{hours, 200 * minute, 200 * minute},
		{minutes, 2*minute - 6000, 2 * minute},
		{minutes, 2*minute - 6001, 2*minute - 6001},
		{nil, 7, 7},
	} {
		if got := x.t.CountsFor(x.ping); got != x.want {
			t.Errorf("a ping at %d counts for %d, want %d", x.ping, got, x.want)
		}
	}
}

func TestToppingUp(t *testing.T) {
	c := &Clock{}
	c.Read(1, 1)
	times := func(from, n int64) (list []int64) {
		for i := range n {
			list = append(list, (from+i)*minute)
		}
		return list
	}
	fair := func(int64) bool { return true }
	tt := New(c, 7, times(1, 16))
	up := tt.ToppedUp(c, 8, 10*minute+5, 0, 13*minute, times(14, 16), fair)
	if want := times(10, 20); !slices.Equal(up.times, want) || up.rules != 8 || up.missed != 0 {
		t.Errorf("%v, want %v", up, want)
	}
	if tt.Nth(10*minute+5, 1) != 11*minute || up.Nth(10*minute+5, 1) != 11*minute || up.Nth(10*minute+5, 19) != 29*minute || up.Nth(10*minute+5, 20) != 0 {
		t.Error("the count changed")
	}
	// 40 misses: the oldest leave, and are remembered.
	const anchor = 30
	tt = New(c, 7, times(1, 40))
	up = tt.ToppedUp(c, 7, anchor, 38, 38*minute, times(39, 16), func(wall int64) bool { return wall == 3*minute })
	if up.missed != 38-maxMissed || !up.fair || up.Nth(anchor, 39) != 39*minute || up.Nth(anchor, up.missed) != 0 || up.times[0] != (up.missed+1)*minute {
		t.Errorf("%+v", up)
	}
	for range 10 { // in a long grace nothing is missed: what is kept has a bound
		up = up.ToppedUp(c, 7, anchor, 38, up.Last(), times(up.Last()/minute+1, 16), fair)
	}
	if len(up.times) != maxKept || up.HasRoom(anchor, 38) || !up.HasRoom(anchor, 80) || !up.HasRoom(up.Last(), 0) || up.Nth(anchor, 39) != 39*minute {
		t.Errorf("%+v", up)
	}
	if f := up.Fresh(); f.missed != 0 || f.fair || !up.fair {
		t.Error("a new anchor remembers misses")
	}
	var none *Timetable
	if up := none.ToppedUp(c, 9, 0, 0, 0, times(1, 3), fair); len(up.times) != 3 || none.At(0, 1) != Never || none.Fresh() != nil || none.WantedAt() != 0 {
		t.Error("the first times")
	}
}

func TestTheyComeBackAsTheyWere(t *testing.T) {
	c := &Clock{}
	c.Read(5, 1_777_777_777_777)
	c.Read(70_000, 1_777_777_000_000)
	c.Read(80_000, 1_777_778_000_000)
	tt := &Timetable{clock: c, times: []int64{1_777_777_777_777, 1_777_777_800_000}, missed: 3, fair: true, rules: 1 << 31}
	for name, b := range map[string][]byte{"timetable": tt.Append(nil), "clock": c.Append(nil)} {
		read := func(b []byte) any {
			r := wire.NewReader(b)
			if name == "clock" {
				if got := (&Clock{}); got.ReadFrom(&r) {
					return got
				}
				return nil
			}
			if got := Read(c, &r); got != nil {
				return got
			}
			return nil
		}
		if got := read(b); !reflect.DeepEqual(got, any(tt)) && !reflect.DeepEqual(got, any(c)) {
			t.Errorf("%s came back as %+v", name, got)
		}
		for cut := range b {
			if got := read(b[:cut]); got != nil && name != "clock" {
				t.Errorf("%s cut to %d bytes is %+v", name, cut, got)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add((&Timetable{times: []int64{60_000, 120_000}, missed: 1, rules: 7}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		if tt := Read(nil, &r); tt != nil && !bytes.Equal(tt.Append(nil), b) {
			t.Fatalf("%x is read as %+v, which is written as %x", b, tt, tt.Append(nil))
		}
	})
}
