package store

import (
	"math"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// openRun is a run that began and has not ended. One that is overdue
// stays open, so that its end may still tell how long it took.
type openRun struct {
	named    bool
	id       [16]byte // if it is named; else it is the anonymous run, of which there is one
	start    int64    // serving
	wall     int64
	late     int64 // ms before wall at which it really began
	deadline int64 // serving: a failure unless it ended before; 0: it counts no more
}

// of returns a copy.
func (o *openRun) of() *openRun {
	c := *o
	return &c
}

func (o *openRun) began() int64 { return o.wall - o.late }

func (o *openRun) is(h *heard) bool { return o.named == h.HasRun && (!o.named || o.id == h.Run) }

// track opens or closes runs, and returns how many ms the one took that ended; -1 if
// that is not known.
func (st *state) track(r *record, h *heard) (took int64) {
	x := r.extras
	switch {
	case h.Tells == fsm.SignalStart:
		x.begin(st, r, h)
	case h.Tells.Ends():
		return x.end(h)
	}
	return fsm.None
}

// begin opens a run. Its time begins when the start arrives, also if it is late:
// that its end comes late as well is likely.
func (x *extras) begin(st *state, r *record, h *heard) {
	x.open = slices.DeleteFunc(x.open, func(o openRun) bool { return o.is(h) })
	o := openRun{named: h.HasRun, id: h.Run, start: st.serving, wall: st.wall, late: millis(st.wall - h.at)}
	if !h.stale {
		o.deadline = st.serving + r.runLimit()
	}
	x.open = append(x.open, o)
	if n := len(x.open); n > fsm.MaxOpenRuns {
		x.open = slices.Delete(x.open, 0, n-fsm.MaxOpenRuns)
	}
}

// end closes the run that a signal names, or all of them; one delivered late closes
// none that began after it.
func (x *extras) end(h *heard) (took int64) {
	took = fsm.None
	all := !h.HasRun || h.Tells == fsm.SignalFail
	x.open = slices.DeleteFunc(x.open, func(o openRun) bool {
		if h.late && o.began() > h.at {
			return false
		}
		if o.is(h) {
			took = millis(h.at - o.began())
			return true
		}
		return all || o.deadline == 0 // what was overdue has had its chance
	})
	return took
}

// nextRun returns the open run whose deadline is first, nil if none has one.
func (x *extras) nextRun() *openRun {
	if x == nil {
		return nil
	}
	var next *openRun
	for i := range x.open {
		if o := &x.open[i]; o.deadline > 0 && (next == nil || o.deadline < next.deadline) {
			next = o
		}
	}
	return next
}

// runDeadline is when the first open run is overdue; never is far away.
func (x *extras) runDeadline() int64 {
	if o := x.nextRun(); o != nil {
		return o.deadline
	}
	return math.MaxInt64
}

// settle keeps the open runs from counting as failures.
func (x *extras) settle() {
	if x == nil {
		return
	}
	for i := range x.open {
		x.open[i].deadline = 0
	}
}

// relimit gives open runs a limit from now on, as an edit does.
func (x *extras) relimit(st *state, limit int64) {
	if x == nil {
		return
	}
	for i := range x.open {
		if o := &x.open[i]; o.deadline > 0 {
			o.deadline = st.serving + limit
		}
	}
}

// takeOverdue makes a failure of a run that did not end in its time, unless that may
// have been in a gap. It was the run that was expected, so the next is expected an
// interval after its start; unless another was good, or was missed, meanwhile.
func (st *state) takeOverdue(r *record, o *openRun) {
	c := cause{due: o.deadline, created: st.passedAt(o.deadline), run: o.of()}
	o.deadline = 0
	excused := st.gaps.swallowedEnd(c.run)
	if r.is(flagFailing) {
		if !excused {
			st.countOn(r, c.due)
			st.again(r, c)
		}
		return
	}
	if c.run.start > r.anchor && (r.misses == r.base || c.run.start >= r.nextMiss()-r.interval()) {
		r.anchor, r.anchorWall, r.base = c.run.start, c.run.wall, r.misses
	}
	switch {
	case !excused:
		st.fail(r, c)
	case !r.is(flagUnheard):
		st.notHeard(r, c)
	}
}

// newest returns the run that began last, nil if none is open.
func (x *extras) newest() *openRun {
	if x == nil || len(x.open) == 0 {
		return nil
	}
	return &x.open[len(x.open)-1]
}
