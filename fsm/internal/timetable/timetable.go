package timetable

import (
	"math"
	"slices"
)

const (
	// TopUpAt is how few times may be left before more are wanted.
	TopUpAt = 4

	maxKept   = 64 // times in all
	maxMissed = 16 // of which so many were missed
	minRoom   = 12 // for which more are wanted

	Early = 60_000 // ms before a time in which a ping counts for it, unless a tenth of the way to it is less
)

// Never is a serving time that does not come.
const Never = math.MaxInt64

// Timetable are the times at which a heartbeat is expected, as far as they are known. Nil
// knows none.
type Timetable struct {
	clock  *Clock
	times  []int64 // wall, rising
	missed int64   // since the anchor, of those that are not in times any more
	fair   bool    // one of these was fair: the job could have pinged
	rules  uint32  // tells the rules of time zones by which they were computed
}

// New makes a timetable. The times must rise.
func New(clock *Clock, rules uint32, times []int64) *Timetable {
	return &Timetable{clock: clock, rules: rules, times: slices.Clone(times[:min(len(times), maxKept)])}
}

// Rules tells the rules by which the times were computed.
func (t *Timetable) Rules() uint32 {
	if t == nil {
		return 0
	}
	return t.rules
}

// Last returns the last time that is known, 0 if none is.
func (t *Timetable) Last() int64 {
	if t == nil || len(t.times) == 0 {
		return 0
	}
	return t.times[len(t.times)-1]
}

// WantedAt returns the wall time from which more times are wanted.
func (t *Timetable) WantedAt() int64 {
	if t == nil || len(t.times) < TopUpAt {
		return 0
	}
	return t.times[len(t.times)-TopUpAt]
}

// HasRoom reports whether ToppedUp would find room for more times. What the timetable holds tells
// nothing about that: much of it goes once another ping came, or more was missed.
func (t *Timetable) HasRoom(anchor, counted int64) bool {
	if t == nil {
		return true
	}
	old, rest := t.needed(anchor, len(t.times))
	return len(old)+len(rest)-t.gone(counted, len(rest)) <= maxKept-minRoom
}

// needed returns those of the first n times that are needed for an anchor: one before it, for
// CountsFor, and those after it.
func (t *Timetable) needed(anchor int64, n int) (before, rest []int64) {
	i := min(t.after(anchor), n)
	return t.times[max(0, i-1):i], t.times[i:n]
}

// gone returns how many of rest were missed so long ago that they are not needed.
func (t *Timetable) gone(counted int64, rest int) int {
	return max(0, min(int(counted-t.missed)-maxMissed, rest))
}

// HasMissed reports whether it remembers misses that Fresh forgets.
func (t *Timetable) HasMissed() bool { return t != nil && t.missed > 0 }

// Fresh returns the timetable for a new anchor.
func (t *Timetable) Fresh() *Timetable {
	if !t.HasMissed() {
		return t
	}
	c := *t
	c.missed, c.fair = 0, false
	return &c
}

// Doubted returns the timetable without its rules, so that whoever leads computes it anew.
func (t *Timetable) Doubted() *Timetable {
	c := *t
	c.rules = 0
	return &c
}

// after returns the place of the first time after a wall time.
func (t *Timetable) after(wall int64) int {
	if t == nil {
		return 0
	}
	i, found := slices.BinarySearch(t.times, wall)
	if found {
		i++
	}
	return i
}

// Nth returns the n-th time after an anchor, from 1; 0 if it is not known.
func (t *Timetable) Nth(anchor, n int64) int64 {
	if t == nil || n <= t.missed {
		return 0
	}
	if i := int64(t.after(anchor)) + n - t.missed - 1; i < int64(len(t.times)) {
		return t.times[i]
	}
	return 0
}

// At returns the serving time at which the n-th time after an anchor comes, Never if it is not
// known.
func (t *Timetable) At(anchor, n int64) int64 {
	if wall := t.Nth(anchor, n); wall != 0 {
		return t.clock.At(wall)
	}
	return Never
}

// CountsFor returns the wall time for which a ping counts: its own, or the next expected one if
// that is near.
func (t *Timetable) CountsFor(ping int64) int64 {
	i := t.after(ping)
	if t == nil || i == len(t.times) {
		return ping
	}
	next, near := t.times[i], int64(Early)
	switch {
	case i > 0:
		near = min(near, (next-t.times[i-1])/10)
	case i+1 < len(t.times): // what was before it is not known
		near = min(near, (t.times[i+1]-next)/10)
	}
	if next-ping <= near {
		return next
	}
	return ping
}

// Step returns the least way between two times, an hour if there are not two.
func (t *Timetable) Step() int64 {
	step := int64(math.MaxInt64)
	for i := 1; t != nil && i < len(t.times); i++ {
		step = min(step, t.times[i]-t.times[i-1])
	}
	if step == math.MaxInt64 {
		return 3600_000
	}
	return step
}

// Between calls f with the n-th times after an anchor, for n from the first that is known up to
// last, until it returns false.
func (t *Timetable) Between(anchor, last int64, f func(wall int64) bool) {
	if t == nil {
		return
	}
	for n := t.missed + 1; n <= last; n++ {
		if wall := t.Nth(anchor, n); wall == 0 || !f(wall) {
			return
		}
	}
}

// WasFair reports whether one of the missed times that are not known any more was fair.
func (t *Timetable) WasFair() bool { return t != nil && t.fair }

// ToppedUp returns the timetable with other times after since. counted are the times after the anchor
// that were missed, and counted; isFair tells of one whether the job could have pinged. What is no
// longer needed goes.
func (t *Timetable) ToppedUp(clock *Clock, rules uint32, anchor, counted, since int64, times []int64, isFair func(wall int64) bool) *Timetable {
	next := &Timetable{clock: clock, rules: rules}
	var old, rest []int64
	if t != nil {
		next.missed, next.fair = t.missed, t.fair
		old, rest = t.needed(anchor, t.after(since))
	}
	drop := next.gone(counted, len(rest))
	for _, wall := range rest[:drop] {
		next.missed++
		next.fair = next.fair || isFair(wall)
	}
	times = times[len(times)-countAfter(times, since):]
	all := slices.Concat(old, rest[drop:], times)
	next.times = all[:min(len(all), maxKept)]
	return next
}

// countAfter returns how many of rising times are after a time.
func countAfter(times []int64, since int64) (n int) {
	for n < len(times) && times[len(times)-1-n] > since {
		n++
	}
	return n
}
