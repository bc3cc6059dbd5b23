package table

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/results"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// RunState is what a heartbeat has besides plain pings: runs, bodies, an incident. Few
// heartbeats have any, so it is not in Hot. Snapshots share it: a writer gets a copy from
// OwnRuns.
type RunState struct {
	epoch  uint64
	Open   []OpenRun // in the order in which they began
	Bodies []Body    // the newest, oldest first
	Size   int       // of the bodies, each with BodyCost
	Ended  uint64    // the number of the newest ping that ended a run
	Exit   int       // the exit status that it told
	Took   int64     // how long its run took, ms

	Results *results.State // numbers, and failures in a row; nil for most

	Incident Incident
	Resumed  int64 // wall: when the heartbeat was resumed, if no ping came since; else 0

	Pause *timetable.Pause // how the pause ends by itself; nil: it does not, or there is none
}

// Body is what came with a ping. Its text is never written to.
type Body struct {
	Number uint64
	Text   []byte
}

// BodyCost is what a body takes besides its text, in bytes.
const BodyCost = 64

func NewRunState(epoch uint64) *RunState {
	return &RunState{epoch: epoch, Exit: fsm.NotKnown, Took: fsm.NotKnown}
}

// OpenRuns counts the open runs of a page.
func (p *Page) OpenRuns() (n int) {
	if p.runs == nil {
		return 0
	}
	for _, x := range p.runs {
		if x != nil {
			n += len(x.Open)
		}
	}
	return n
}

// OwnRuns returns a heartbeat's run state for writing, a new one if it has none.
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

// isEmpty reports whether the run state says nothing that a new one does not.
func (x *RunState) isEmpty() bool {
	return len(x.Open) == 0 && len(x.Bodies) == 0 && x.Exit == fsm.NotKnown && x.Took == fsm.NotKnown && x.Incident == Incident{} && x.Resumed == 0 && x.Results == nil && x.Pause == nil
}

// DropEmptyRuns drops the run state of a record if it is empty, so that the heartbeat's
// pings are plain again.
func (t *Table) DropEmptyRuns(r *Record) {
	if r.Runs == nil || !r.Runs.isEmpty() {
		return
	}
	p, slot := t.Own(r.Ordinal)
	p.runs[slot], r.Runs = nil, nil
}

// addBody keeps the body of a ping, and drops the oldest ones beyond MaxBodies.
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

// pruneBodies drops the bodies of pings up to a number, which have left the history.
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

// LastEnd returns the number of the newest ping that ended a run. Bodies of that ping and
// later ones are the newest output.
func (x *RunState) LastEnd() uint64 {
	if x == nil {
		return 0
	}
	return x.Ended
}

// OutputSince returns the end of the newest body, if it came with the ping of a number or a
// later one.
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

// Excerpt returns the last MaxExcerpt bytes of a text, cut on a UTF-8 boundary.
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

// Incident is the present incident of a failing heartbeat, zero if there is none.
type Incident struct {
	Since    int64 // wall: when it began
	Silent   int64 // ms until a ping came again; fsm.NotKnown: none came yet
	Misses   int64 // including those that led to it
	Failures int64 // reported ones, and runs that did not end in time

	Tell int64 // serving: when it is told again; 0: never. Images have it with the incident.
}

// TellAt returns the serving time at which the incident is told again; math.MaxInt64 if never.
func (x *RunState) TellAt() int64 {
	if x == nil || x.Incident.Tell == 0 {
		return math.MaxInt64
	}
	return x.Incident.Tell
}
