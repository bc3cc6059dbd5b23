package timetable

import (
	"math/rand/v2"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

func TestWhenAPauseEnds(t *testing.T) {
	c := &Clock{}
	if p := PauseUntil(c, 1); p.Ends() != Never || (*Pause)(nil).Ends() != Never || (*Pause)(nil).Until() != 0 {
		t.Error("it ends before the clock was read, or by itself though nobody said so")
	}
	c.Read(1000, 100_000)
	p := PauseUntil(c, 160_000)
	ends := func(want int64) {
		t.Helper()
		if got := p.Ends(); got != want {
			t.Errorf("it ends at %d, want %d", got, want)
		}
	}
	ends(61_000)
	c.Read(11_000, 210_000) // 100 s ahead: believed in 100 s
	ends(111_000)
	c.Read(21_000, 120_000) // and back
	ends(111_000)
	c.Read(31_000, 80_000) // and further back
	ends(111_000)
	p = PauseUntil(c, 1_160_000)
	ends(1_111_000)
	c.Read(41_000, 9_000_000) // hours ahead: believed in ten minutes
	ends(641_000)
	p = PauseUntil(c, 9_700_000)
	ends(741_000)
	c.Read(51_000, 9_012_000) // two seconds more change nothing about that
	p = PauseUntil(c, 9_000_000)
	ends(641_000)

	restored := &Clock{}
	r := wire.NewReader(c.Append(nil))
	if !restored.ReadFrom(&r) || restored.sure != c.sure {
		t.Errorf("restored: sure from %d on, was %d", restored.sure, c.sure)
	}
}

// TestNoReadingEndsAPauseAtOnce: whatever readings come, what Read returns bounds how much earlier
// a pause ends, and one that jumps ahead ends none before it has stood for a while.
func TestNoReadingEndsAPauseAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		c := &Clock{}
		serving, wall := int64(1000), int64(10_000_000)
		c.Read(serving, wall)
		for range 200 {
			step := r.Int64N(20_000)
			serving += step
			jump := []int64{0, 0, 5000, 100_000, 3_600_000, -3000, -90_000}[r.IntN(7)]
			wall += step + jump
			for range 5 {
				p := PauseUntil(c, wall+r.Int64N(4_000_000)-2_000_000)
				before := p.Ends()
				copied := c.Copy()
				earlier := copied.Read(serving, wall)
				after := (&Pause{copied, p.until}).Ends()
				if after < before-earlier {
					t.Fatalf("it was to end at %d, and ends at %d: earlier by more than %d", before, after, earlier)
				}
				if before > serving && jump > Drift && after <= serving {
					t.Fatalf("a jump of %d ms ends it at once", jump)
				}
			}
			c.Read(serving, wall)
		}
	}
}
