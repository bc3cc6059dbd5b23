package store

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// record is a heartbeat that is looked at closely: its vitals, where the table
// has them, and its config, decoded. A ping of a heartbeat that is well does
// without.
type record struct {
	*vitals
	hist   *history.Head
	extras *extras // nil for most
	ord    uint64
	config config
}

// view makes the copy that queries and results show.
func (st *state) view(r *record) fsm.Heartbeat {
	h := fsm.Heartbeat{
		ID: r.config.id, Token: r.config.token, Ordinal: r.ord, Spec: r.config.spec,
		Status: r.status(), Armed: r.is(flagArmed),
		Misses: r.missesAt(st.horizon), Missed: r.missedAt(st.horizon), Pings: r.pings,
		LastPing: fsm.WallTime(r.lastPing), LastFrom: callerOf(r.hist), NextDue: fsm.WallTime(st.nextDue(r)),
		CreatedAt: fsm.WallTime(r.config.created), UpdatedAt: fsm.WallTime(r.config.updated),
		LastAlert: fsm.WallTime(r.lastAlert), Version: r.config.version,
		LastExit: fsm.None, LastRun: fsm.None, Rule: r.rule(),
	}
	if x := r.extras; x != nil {
		h.LastExit, h.Resumed = x.exit, fsm.WallTime(x.resumed)
		if x.took != fsm.None {
			h.LastRun = time.Duration(x.took) * time.Millisecond
		}
		if o := x.newest(); o != nil {
			h.Started = fsm.WallTime(o.began())
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
