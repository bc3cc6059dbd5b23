package timetable

// Pause is a pause that ends by itself, when the wall clock shows a time. It is never changed. Nil
// is a pause without an end.
//
// A clock that jumps ahead must not end the pauses of all heartbeats, for what is not at work
// would be missed soon after. So it is believed once it has stood for as long as it jumped, ten
// minutes at most. A clock that is set back puts the end off.
type Pause struct {
	clock *Clock
	until int64
}

// PauseUntil returns a pause that ends when the clock shows a wall time.
func PauseUntil(clock *Clock, wall int64) *Pause { return &Pause{clock, wall} }

// Until returns the wall time at which it ends, 0 for a pause without an end.
func (p *Pause) Until() int64 {
	if p == nil {
		return 0
	}
	return p.until
}

// Ends returns the serving time at which it ends, Never for a pause without an end.
func (p *Pause) Ends() int64 {
	if p == nil {
		return Never
	}
	return p.clock.shows(p.until)
}
