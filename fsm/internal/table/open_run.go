package table

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// OpenRun is a run that began and has not ended. An overdue run stays open, so that its
// end may still tell how long it took.
type OpenRun struct {
	Named    bool
	ID       [16]byte // if it is named; there is at most one run without a name
	Start    int64    // serving
	Wall     int64
	Late     int64 // ms from its real beginning to Wall
	Deadline int64 // serving: if it has not ended by then it failed; 0: it cannot fail any more
}

// Copy returns a copy.
func (o *OpenRun) Copy() *OpenRun {
	c := *o
	return &c
}

func (o *OpenRun) Began() int64 { return o.Wall - o.Late }

// hasName reports whether it is the run of a name, or the one without a name.
func (o *OpenRun) hasName(named bool, id [16]byte) bool {
	return o.Named == named && (!named || o.ID == id)
}

// BeginRun opens a run, in the place of one of the same name.
func (x *RunState) BeginRun(o OpenRun) {
	x.Open = slices.DeleteFunc(x.Open, func(old OpenRun) bool { return old.hasName(o.Named, o.ID) })
	x.Open = append(x.Open, o)
	if n := len(x.Open); n > fsm.MaxOpenRuns {
		x.Open = slices.Delete(x.Open, 0, n-fsm.MaxOpenRuns)
	}
}

// RunEnd is the end of a run.
type RunEnd struct {
	Named bool
	ID    [16]byte
	All   bool  // it ends all other runs, too
	At    int64 // wall: when it was sent
	Late  bool  // it was delivered late
}

// EndRun closes the run that an end names, or all. A late end closes no run that began after
// it was sent. End returns how many ms the named run took, or fsm.NotKnown.
func (x *RunState) EndRun(e RunEnd) (took int64) {
	took = fsm.NotKnown
	x.Open = slices.DeleteFunc(x.Open, func(o OpenRun) bool {
		if e.Late && o.Began() > e.At {
			return false
		}
		if o.hasName(e.Named, e.ID) {
			took = ClampMillis(e.At - o.Began())
			return true
		}
		return e.All || o.Deadline == 0 // overdue runs are not kept any longer
	})
	return took
}

// NextRun returns the open run whose deadline is first, nil if none has one.
func (x *RunState) NextRun() *OpenRun {
	if x == nil {
		return nil
	}
	var next *OpenRun
	for i := range x.Open {
		if o := &x.Open[i]; o.Deadline > 0 && (next == nil || o.Deadline < next.Deadline) {
			next = o
		}
	}
	return next
}

// Deadline returns when the first open run is overdue, or the incident is told again, if that is
// first; math.MaxInt64 if neither can be.
func (x *RunState) Deadline() int64 {
	at := x.TellAt()
	if o := x.NextRun(); o != nil {
		return min(at, o.Deadline)
	}
	return at
}

// ExcuseRuns lets none of the open runs count as a failure.
func (x *RunState) ExcuseRuns() {
	if x == nil {
		return
	}
	for i := range x.Open {
		x.Open[i].Deadline = 0
	}
}

// SetDeadlines gives open runs another deadline, as an edit does.
func (x *RunState) SetDeadlines(deadline int64) {
	if x == nil {
		return
	}
	for i := range x.Open {
		if o := &x.Open[i]; o.Deadline > 0 {
			o.Deadline = deadline
		}
	}
}

// NewestRun returns the run that began last, nil if none is open.
func (x *RunState) NewestRun() *OpenRun {
	if x == nil || len(x.Open) == 0 {
		return nil
	}
	return &x.Open[len(x.Open)-1]
}
