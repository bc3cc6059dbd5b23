package table

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// PauseEnds returns the serving time at which a pause ends by itself, timetable.Never if it does
// not.
func (x *RunState) PauseEnds() int64 {
	if x == nil {
		return timetable.Never
	}
	return x.Pause.Ends()
}

// PausedUntil returns the wall time at which a pause ends by itself, 0 if it does not.
func (x *RunState) PausedUntil() int64 {
	if x == nil {
		return 0
	}
	return x.Pause.Until()
}

// SetPause says how the pause of a record from OwnRecord ends.
func (t *Table) SetPause(r *Record, p *timetable.Pause) {
	if p == nil && r.Runs == nil {
		return
	}
	r.Runs = t.OwnRuns(r.Ordinal)
	r.Runs.Pause = p
	t.Schedule(r.Ordinal, p.Ends())
}

// drainedPause is how the pause of a heartbeat ends that a snapshot has let go of.
type drainedPause struct{ ord, until uint64 }

// drainPauses keeps the pauses of a page for EachDrainedPause.
func (t *Table) drainPauses(first uint64, p *Page) {
	if p.runs == nil {
		return
	}
	for slot, x := range p.runs {
		if until := x.PausedUntil(); until != 0 {
			t.pauses = append(t.pauses, drainedPause{first + uint64(slot), uint64(until)})
		}
	}
}

// EachDrainedPause passes the pauses that end by themselves, of the heartbeats that Drain has
// passed, in the order of their ordinals.
func (t *Table) EachDrainedPause(f func(ord, until uint64)) {
	for _, d := range t.pauses {
		f(d.ord, d.until)
	}
}

// RestorePause gives a heartbeat the pause of an image. The clock may be read later.
func (t *Table) RestorePause(ord uint64, x *timetable.Pause) error {
	p, slot := t.At(ord)
	if p == nil || x.Until() == 0 || !p.hots[slot].Is(Paused) || p.Runs(slot).PausedUntil() != 0 {
		return fsm.ErrCorrupt
	}
	t.OwnRuns(ord).Pause = x
	t.Schedule(ord, 0) // to be looked at again
	return nil
}

// HasTimedPauses reports whether some pause ends by itself.
func (t *Table) HasTimedPauses() bool {
	for _, p := range t.pages {
		for slot := 0; p != nil && p.runs != nil && slot < PageSize; slot++ {
			if p.runs[slot].PausedUntil() != 0 {
				return true
			}
		}
	}
	return false
}
