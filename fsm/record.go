package fsm

import (
	"net/netip"
	"slices"
	"time"
)

// config is the part of a heartbeat that edits change. It is replaced, never
// written to, so that snapshots may share it.
type config struct {
	id      HeartbeatID
	token   Token
	spec    Spec
	created int64 // wall
	updated int64 // wall
	version uint64
}

// record is one heartbeat. Times in ms; "wall" and "serving" say of which clock.
type record struct {
	config     *config
	flags      flags
	incident   uint32 // counts incidents and unheard notices
	anchor     int64  // serving
	anchorWall int64
	base       int64  // misses carried over by the edit that made the anchor
	misses     int64  // consecutive, as far as taken
	missed     uint64 // ever, as far as taken
	pings      uint64
	lastPing   int64 // wall; 0: never
	lastFrom   [16]byte
	lastAlert  int64 // wall; 0: never
	history    history
}

type flags uint8

const (
	flagArmed   flags = 1 << iota // judged, or would be if not paused
	flagPaused                    //
	flagFailing                   //
	flagResumed                   // the next miss alerts, whatever the threshold
	flagUnheard                   // the last misses fell into gaps: the next one alerts
	flagFrom                      // lastFrom is set
	flagsKnown  = 1<<iota - 1
)

func (r *record) is(f flags) bool { return r.flags&f != 0 }
func (r *record) set(f flags)     { r.flags |= f }
func (r *record) clear(f flags)   { r.flags &^= f }

func (r *record) interval() int64 { return r.config.spec.Interval * 1000 }
func (r *record) grace() int64    { return r.config.spec.Grace * 1000 }

// judged reports whether a deadline is running.
func (r *record) judged() bool {
	return r.is(flagArmed) && !r.is(flagPaused|flagFailing)
}

// deadline returns the serving time of the next miss that is not yet taken.
func (r *record) deadline() int64 {
	return r.anchor + (r.misses-r.base+1)*r.interval() + r.grace()
}

// missesAt returns the consecutive misses at a horizon: for a failing heartbeat
// they go on without anybody counting.
func (r *record) missesAt(horizon int64) int64 {
	if !r.is(flagFailing) {
		return r.misses
	}
	since := horizon - r.anchor - r.grace()
	if since < 0 {
		return r.misses
	}
	return max(r.misses, r.base+since/r.interval())
}

// reanchor starts the schedule again at now, carrying the misses given.
func (r *record) reanchor(st *state, misses int64) {
	r.anchor, r.anchorWall = st.serving, st.wall
	r.base, r.misses = misses, misses
}

func (r *record) status() Status {
	switch {
	case r.is(flagPaused):
		return StatusPaused
	case r.is(flagFailing):
		return StatusFailing
	}
	return StatusActive
}

func (r *record) from() string {
	if !r.is(flagFrom) {
		return ""
	}
	return netip.AddrFrom16(r.lastFrom).Unmap().String()
}

// view makes the copy that queries and results show.
func (st *state) view(ord uint64, r *record) Heartbeat {
	misses := r.missesAt(st.horizon)
	h := Heartbeat{
		ID: r.config.id, Token: r.config.token, Ordinal: ord, Spec: r.config.spec,
		Status: r.status(), Armed: r.is(flagArmed),
		Misses: misses, Missed: r.missed + uint64(misses-r.misses), Pings: r.pings,
		LastPing: wallTime(r.lastPing), LastFrom: r.from(),
		CreatedAt: wallTime(r.config.created), UpdatedAt: wallTime(r.config.updated),
		LastAlert: wallTime(r.lastAlert), Version: r.config.version,
	}
	h.Spec.Tags = slices.Clone(h.Spec.Tags)
	h.Spec.Emails = slices.Clone(h.Spec.Emails)
	if r.is(flagArmed) && !r.is(flagPaused) {
		h.NextDue = wallTime(r.expected(misses-r.base+1) + st.gaps.since(r))
	}
	return h
}

// expected returns the wall time of the n-th expected ping since the anchor,
// gaps not counted.
func (r *record) expected(n int64) int64 { return r.anchorWall + n*r.interval() }

// wallTime turns Unix milliseconds into a time; 0 is "none".
func wallTime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// wallMillis is the inverse of wallTime.
func wallMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
