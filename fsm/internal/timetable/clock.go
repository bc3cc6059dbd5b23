package timetable

import (
	"math"
	"slices"
)

// maxReadings is how many readings are kept, the newest.
const maxReadings = 64

// Drift is by how many ms the wall clock may differ from what the newest reading says before
// it is read anew.
const Drift = 1000

const (
	mendedWithin = 3600_000 // ms of serving time after the wall clock was set back in which a step forward may mend that
	mendedNearly = 60_000   // ms that elections may take meanwhile
)

// Clock tells when a wall time comes in serving time. Between two readings both clocks are
// taken to run alike.
type Clock struct {
	readings []reading
	sure     int64 // serving: from then on the newest reading ends pauses; derived
}

// reading is what the wall clock showed at a serving time.
type reading struct {
	serving, wall int64
	back          bool // the wall clock was set back since the reading before
}

// Copy returns a copy, for an image.
func (c *Clock) Copy() *Clock { return &Clock{append([]reading(nil), c.readings...), c.sure} }

// IsRead reports whether there is any reading.
func (c *Clock) IsRead() bool { return len(c.readings) > 0 }

// WallAt returns what the wall clock shows at a serving time, by the newest reading.
func (c *Clock) WallAt(serving int64) int64 {
	r := c.readings[len(c.readings)-1]
	return r.wall + serving - r.serving
}

// IsSetBack reports whether the wall clock is behind what the newest reading says, so that
// times which came by that reading would come again.
func (c *Clock) IsSetBack(serving, wall int64) bool {
	return c.IsRead() && wall < c.WallAt(serving)-Drift
}

// Read takes a reading, if the wall clock differs from what the newest one says. It returns by
// how much earlier times may come now, in ms.
func (c *Clock) Read(serving, wall int64) (earlier int64) {
	if !c.IsRead() {
		c.readings = []reading{{serving: serving, wall: wall}}
		return 0
	}
	off := wall - c.WallAt(serving)
	if -Drift <= off && off <= Drift {
		return 0
	}
	kept := c.readings[max(0, len(c.readings)-(maxReadings-1)):]
	c.readings = append(append(make([]reading, 0, len(kept)+1), kept...), reading{serving, wall, off < 0})
	before := c.sure
	c.findSure()
	return max(0, off) + max(0, before-c.sure)
}

// maxDoubt is for how long, in ms, a wall clock that jumped ahead is doubted at most.
const maxDoubt = 10 * 60_000

// findSure finds out when every reading that jumped ahead has stood for as long as its jump, or
// for maxDoubt.
func (c *Clock) findSure() {
	c.sure = 0
	for i := 1; i < len(c.readings); i++ {
		x, r := c.readings[i-1], c.readings[i]
		if off := r.wall - (x.wall + r.serving - x.serving); off > 0 {
			c.sure = max(c.sure, r.serving+min(off, maxDoubt))
		}
	}
}

// shows returns the serving time from which on the clock surely shows a wall time or a later one,
// by the newest reading.
func (c *Clock) shows(wall int64) (serving int64) {
	if !c.IsRead() {
		return Never
	}
	r := c.readings[len(c.readings)-1]
	return max(r.serving+wall-r.wall, c.sure)
}

// Surely returns the serving time at which a wall time came, or comes, where a clock that jumped ahead is
// doubted until it has stood for as long as it jumped, or for maxDoubt: so no jump begins or ends at once
// what is planned. It rises with the wall time.
func (c *Clock) Surely(wall int64) (serving int64) {
	if !c.IsRead() {
		return Never
	}
	serving = c.cameFor(wall)
	for i := 1; i < len(c.readings); i++ {
		x, r := c.readings[i-1], c.readings[i]
		if r.serving > serving {
			break
		}
		if off := r.wall - (x.wall + r.serving - x.serving); off > 0 {
			serving = max(serving, r.serving+min(off, maxDoubt))
		}
	}
	return serving
}

// cameFor returns the serving time since which the clock shows a wall time or a later one: if it was set back
// to before it meanwhile, that was, or is, the last time.
func (c *Clock) cameFor(wall int64) (serving int64) {
	for i, r := range c.readings {
		at := r.serving + wall - r.wall
		if i+1 < len(c.readings) {
			at = min(at, c.readings[i+1].serving)
		}
		if i == 0 || at > r.serving {
			serving = at
		}
	}
	return serving
}

// Mends tells by how many ms what was stamped at a serving time was stamped too early, if a reading finds that the wall clock was
// set forward again after it was set back. Nil: it mends nothing. Where it cannot tell a clock that is mended from one that goes
// wrong, it takes it for mended: then no job that pinged is called missed. lost tells how many ms were lost to gaps up to a serving
// time: for them nobody set a clock.
func (c *Clock) Mends(serving, wall int64, lost func(serving int64) int64) (by func(stamped int64) int64) {
	if !c.IsRead() || wall-c.WallAt(serving) <= Drift {
		return nil
	}
	first := c.readings[0]
	aheadAt := func(serving, wall int64) int64 {
		return wall - first.wall - (serving - first.serving) - (lost(serving) - lost(first.serving))
	}
	ahead := make([]int64, len(c.readings)) // of the first reading, since each
	for i, r := range c.readings {
		ahead[i] = aheadAt(r.serving, r.wall)
	}
	began, right := c.setBack(ahead, serving)
	if began < 0 {
		return nil
	}
	now := min(right, aheadAt(serving, wall))
	return func(stamped int64) int64 {
		best := int64(math.MinInt64) // what was mended before is not mended again
		for i := len(ahead) - 1; i >= began; i-- {
			best = max(best, ahead[i])
			if c.readings[i].serving <= stamped {
				return max(0, now-min(right, best))
			}
		}
		return 0
	}
}

// setBack returns the reading since which the wall clock is set back, and how far ahead it was before; -1 if it is not, or that
// was long before a serving time. Who sets it back to where it was does not set it back: it was wrong meanwhile.
func (c *Clock) setBack(ahead []int64, serving int64) (began int, right int64) {
	began = -1
	trusted := []int{0} // the readings of a clock that was not set back
	for i := 1; i < len(ahead); i++ {
		switch {
		case serving-c.readings[i].serving > mendedWithin:
		case began >= 0 && ahead[i] >= right-Drift:
			began = -1
		case began < 0 && ahead[i] < ahead[i-1] && !c.wasSo(ahead, trusted, i):
			began, right = i, ahead[i-1]
		}
		if began < 0 {
			trusted = append(trusted, i)
		}
	}
	return began, right
}

// wasSo reports whether the clock was about as far ahead not long before the i-th reading as since it.
func (c *Clock) wasSo(ahead []int64, trusted []int, i int) bool {
	return slices.ContainsFunc(trusted[:len(trusted)-1], func(was int) bool {
		off := ahead[i] - ahead[was]
		return -mendedNearly <= off && off <= mendedNearly && c.readings[i].serving-c.readings[was+1].serving <= mendedWithin
	})
}

// At returns the serving time at which a wall time comes, or came. One that a reading puts
// into the past came when that was taken, for nobody was waited for before; when the clock was
// set back to after it, it came then.
func (c *Clock) At(wall int64) (serving int64) {
	if n := len(c.readings); n > 0 && wall >= c.readings[n-1].wall { // as nearly always
		return c.readings[n-1].serving + wall - c.readings[n-1].wall
	}
	came := false
	for i, r := range c.readings {
		switch {
		case wall < r.wall && (!came || r.back):
			serving, came = r.serving, true
		case wall >= r.wall:
			serving = r.serving + wall - r.wall
			came = i+1 == len(c.readings) || serving <= c.readings[i+1].serving
		}
	}
	return serving
}
