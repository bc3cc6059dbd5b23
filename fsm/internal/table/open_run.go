package table

import (
	"math"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// OpenRun is a run that began and has not ended. One that is overdue
// stays open, so that its end may still tell how long it took.
type OpenRun struct {
	Named    bool
	Id       [16]byte // if it is named; else it is the anonymous run, of which there is one
	Start    int64    // serving
	Wall     int64
	Late     int64 // ms before wall at which it really began
	Deadline int64 // serving: a failure unless it ended before; 0: it counts no more
}

// Copy returns a copy.
func (o *OpenRun) Copy() *OpenRun {
	c := *o
	return &c
}

func (o *OpenRun) Began() int64 { return o.Wall - o.Late }

// hasName reports whether it is the run of a name, or the anonymous one.
func (o *OpenRun) hasName(named bool, id [16]byte) bool {
	return o.Named == named && (!named || o.Id == id)
}

// Begin opens a run, in the place of one of the same name.
func (x *RunState) Begin(o OpenRun) {
	x.Open = slices.DeleteFunc(x.Open, func(old OpenRun) bool { return old.hasName(o.Named, o.Id) })
	x.Open = append(x.Open, o)
	if n := len(x.Open); n > fsm.MaxOpenRuns {
		x.Open = slices.Delete(x.Open, 0, n-fsm.MaxOpenRuns)
	}
}

// RunEnd is the end of a run.
type RunEnd struct {
	Named bool
	Id    [16]byte
	All   bool  // it ends all the others, too
	At    int64 // wall: when it was sent
	Late  bool  // it comes later than that
}

// End closes the run that an end names, or all of them; one that comes late closes none
// that began after it. It returns how many ms the run took that it names; fsm.NotKnown if
// that is not known.
func (x *RunState) End(e RunEnd) (took int64) {
	took = fsm.NotKnown
	x.Open = slices.DeleteFunc(x.Open, func(o OpenRun) bool {
		if e.Late && o.Began() > e.At {
			return false
		}
		if o.hasName(e.Named, e.Id) {
			took = ClampMillis(e.At - o.Began())
			return true
		}
		return e.All || o.Deadline == 0 // what was overdue has had its chance
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

// Deadline is when the first open run is overdue; never is far away.
func (x *RunState) Deadline() int64 {
	if o := x.NextRun(); o != nil {
		return o.Deadline
	}
	return math.MaxInt64
}

// Excuse keeps the open runs from counting as failures.
func (x *RunState) Excuse() {
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
