package table

import (
	"slices"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// RunState is what a heartbeat has that was sent more than plain pings. Few have
// it, so it is not in the vitals. Snapshots share it: who writes has a copy.
type RunState struct {
	epoch  uint64
	Open   []OpenRun // in the order in which they began
	Bodies []Body    // the newest, oldest first
	Size   int       // of the bodies, with bodyCost
	Ended  uint64    // the number of the newest ping that ended a run
	Exit   int       // what that told
	Took   int64     // and how long its run was, ms

	Incident Incident
	Resumed  int64 // wall: when it was, if no ping came since; 0: it was not
}

// Body is what came with a ping. Its text is never written to.
type Body struct {
	Number uint64
	Text   []byte
}

// BodyCost is what a body takes beside its text.
const BodyCost = 64

func NewRunState(epoch uint64) *RunState {
	return &RunState{epoch: epoch, Exit: fsm.NotKnown, Took: fsm.NotKnown}
}

// Runs returns what a heartbeat has beside its vitals, nil for most.
func (p *Page) Runs(slot int) *RunState {
	if p.runs == nil {
		return nil
	}
	return p.runs[slot]
}

// OwnRuns returns a heartbeat's extras for writing.
func (t *Table) OwnRuns(ord uint64) *RunState {
	p, slot := t.Own(ord)
	if p.runs == nil {
		p.runs = &[PageSize]*RunState{}
	}
	x := p.runs[slot]
	switch {
	case x == nil:
		x = NewRunState(t.epoch)
	case x.epoch != t.epoch:
		c := *x
		c.epoch, c.Open, c.Bodies = t.epoch, slices.Clone(c.Open), slices.Clone(c.Bodies)
		x = &c
	}
	p.runs[slot] = x
	return x
}

// isEmpty reports whether the extras tell nothing.
func (x *RunState) isEmpty() bool {
	return len(x.Open) == 0 && len(x.Bodies) == 0 && x.Exit == fsm.NotKnown && x.Took == fsm.NotKnown && x.Incident == Incident{} && x.Resumed == 0
}

// DropEmptyRuns lets go of the extras of a heartbeat that needs none any more, so that its
// pings are plain again.
func (t *Table) DropEmptyRuns(r *Record) {
	if r.Runs == nil || !r.Runs.isEmpty() {
		return
	}
	p, slot := t.Own(r.Ordinal)
	p.runs[slot], r.Runs = nil, nil
}

// Deadline returns the serving time of the next miss or overdue run that is not yet
// taken.
func (p *Page) Deadline(slot int) int64 {
	return min(p.hots[slot].NextMiss(), p.Runs(slot).Deadline())
}

// addBody files the body of a ping, and lets go of the oldest beyond MaxBodies.
func (x *RunState) addBody(number uint64, text []byte) {
	if len(text) == 0 {
		return
	}
	x.Bodies = append(x.Bodies, Body{number, slices.Clone(text)})
	x.Size += len(text) + BodyCost
	for x.Size > fsm.MaxBodies {
		x.dropOldestBody()
	}
}

func (x *RunState) dropOldestBody() {
	x.Size -= len(x.Bodies[0].Text) + BodyCost
	x.Bodies = slices.Delete(x.Bodies, 0, 1)
}

// pruneBodies lets go of the bodies of pings up to a number: they left the history.
func (x *RunState) pruneBodies(upTo uint64) {
	for len(x.Bodies) > 0 && x.Bodies[0].Number <= upTo {
		x.dropOldestBody()
	}
}

// Body returns what came with a ping, nil if that is not known.
func (x *RunState) Body(number uint64) []byte {
	if x == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(x.Bodies, number, func(b Body, n uint64) int {
		if b.Number < n {
			return -1
		}
		return int(min(b.Number-n, 1))
	})
	if !found {
		return nil
	}
	return x.Bodies[i].Text
}

// LastEnd is the number of the newest ping that ended a run. What came with it, or
// after it, is the newest there is to read.
func (x *RunState) LastEnd() uint64 {
	if x == nil {
		return 0
	}
	return x.Ended
}

// OutputSince returns the end of the newest body, if that came with the ping of a
// number or later.
func (x *RunState) OutputSince(since uint64) string {
	if x == nil || len(x.Bodies) == 0 {
		return ""
	}
	b := x.Bodies[len(x.Bodies)-1]
	if b.Number < since {
		return ""
	}
	return Excerpt(b.Text)
}

// Excerpt is the end of a text, cut on a UTF-8 boundary.
func Excerpt(b []byte) string {
	if len(b) <= fsm.MaxExcerpt {
		return string(b)
	}
	b = b[len(b)-fsm.MaxExcerpt:]
	for i := 0; i < utf8.UTFMax; i++ {
		if utf8.RuneStart(b[i]) {
			return string(b[i:])
		}
	}
	return string(b) // not UTF-8 at all
}

// Incident is what a failing heartbeat has come to. It is zero while none is.
type Incident struct {
	Since    int64 // wall: when it began
	Silent   int64 // ms until something was heard again; none: nothing was yet
	Misses   int64 // with those that led to it
	Failures int64 // reported, and runs that did not finish
}
