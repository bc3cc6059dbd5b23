package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// track opens or closes runs, and returns how many ms the one took that ended; -1 if
// that is not known.
func (st *state) track(r *table.Record, h *heard) (took int64) {
	switch {
	case h.Tells == fsm.SignalStart:
		r.Runs.Begin(st.opened(r, h))
	case h.Tells.Ends():
		return r.Runs.End(table.RunEnd{Named: h.HasRun, Id: h.Run, All: !h.HasRun || h.Tells == fsm.SignalFail, At: h.at, Late: h.late})
	}
	return fsm.None
}

// opened is the run that a signal begins. Its time begins when the start arrives, also
// if it is late: that its end comes late as well is likely.
func (st *state) opened(r *table.Record, h *heard) table.OpenRun {
	o := table.OpenRun{Named: h.HasRun, Id: h.Run, Start: st.serving, Wall: st.wall, Late: table.ClampMillis(st.wall - h.at)}
	if !h.stale {
		o.Deadline = st.serving + r.RunLimit()
	}
	return o
}

// takeOverdue makes a failure of a run that did not end in its time, unless that may
// have been in a gap. It was the run that was expected, so the next is expected an
// interval after its start; unless another was good, or was missed, meanwhile.
func (st *state) takeOverdue(r *table.Record, o *table.OpenRun) {
	c := cause{due: o.Deadline, created: st.passedAt(o.Deadline), run: o.Copy()}
	o.Deadline = 0
	excused := st.gaps.swallowedEnd(c.run)
	if r.Is(table.Failing) {
		if !excused {
			st.countOn(r, c.due)
			st.again(r, c)
		}
		return
	}
	if c.run.Start > r.Anchor && (r.Misses == r.Carried || c.run.Start >= r.NextMiss()-r.Interval()) {
		r.Anchor, r.AnchorWall, r.Carried = c.run.Start, c.run.Wall, r.Misses
	}
	switch {
	case !excused:
		st.fail(r, c)
	case !r.Is(table.Unheard):
		st.notHeard(r, c)
	}
}
