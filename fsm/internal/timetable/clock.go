package timetable

// maxReadings is how many readings are kept, the newest.
const maxReadings = 64

// Drift is by how many ms the wall clock may differ from what the newest reading says before
// it is read anew.
const Drift = 1000

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

// mostDoubt is for how long, in ms, a wall clock that jumped ahead is doubted at most.
const mostDoubt = 10 * 60_000

// findSure finds out when every reading that jumped ahead has stood for as long as its jump, or
// for mostDoubt.
func (c *Clock) findSure() {
	c.sure = 0
	for i := 1; i < len(c.readings); i++ {
		x, r := c.readings[i-1], c.readings[i]
		if off := r.wall - (x.wall + r.serving - x.serving); off > 0 {
			c.sure = max(c.sure, r.serving+min(off, mostDoubt))
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
