package fsm

import (
	"slices"
	"time"
)

// record is a heartbeat that is looked at closely: its vitals, where the table
// has them, and its config, decoded. A ping of a heartbeat that is well does
// without.
type record struct {
	*vitals
	extras *extras // nil for most
	ord    uint64
	config config
}

// view makes the copy that queries and results show.
func (st *state) view(r *record) Heartbeat {
	h := Heartbeat{
		ID: r.config.id, Token: r.config.token, Ordinal: r.ord, Spec: r.config.spec,
		Status: r.status(), Armed: r.is(flagArmed),
		Misses: r.missesAt(st.horizon), Missed: r.missedAt(st.horizon), Pings: r.pings,
		LastPing: wallTime(r.lastPing), LastFrom: r.from(), NextDue: wallTime(st.nextDue(r)),
		CreatedAt: wallTime(r.config.created), UpdatedAt: wallTime(r.config.updated),
		LastAlert: wallTime(r.lastAlert), Version: r.config.version,
		LastExit: none, LastRun: none, Rule: r.rule(),
	}
	if x := r.extras; x != nil {
		h.LastExit, h.Resumed = x.exit, wallTime(x.resumed)
		if x.took != none {
			h.LastRun = time.Duration(x.took) * time.Millisecond
		}
		if o := x.newest(); o != nil {
			h.Started = wallTime(o.began())
		}
	}
	h.Spec.Tags = slices.Clone(h.Spec.Tags)
	h.Spec.Emails = slices.Clone(h.Spec.Emails)
	h.Spec.Methods = slices.Clone(h.Spec.Methods)
	return h
}

// nextDue returns the wall time at which the next ping is expected, without grace; 0
// while a heartbeat is paused or unarmed.
func (st *state) nextDue(r *record) int64 {
	if !r.is(flagArmed) || r.is(flagPaused) {
		return 0
	}
	return r.expected(r.missesAt(st.horizon)-r.base+1) + st.gaps.since(r)
}

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
