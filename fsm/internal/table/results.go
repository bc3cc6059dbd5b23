package table

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/results"
)

// drainedResults are the results of a heartbeat that a snapshot has let go of.
type drainedResults struct {
	ord uint64
	*results.State
}

// drainResults keeps the results of a page for EachDrainedResults.
func (t *Table) drainResults(first uint64, p *Page) {
	if p.runs == nil {
		return
	}
	for slot, x := range p.runs {
		if x != nil && x.Results != nil {
			t.results = append(t.results, drainedResults{first + uint64(slot), x.Results})
		}
	}
}

// EachDrainedResults passes the results of the heartbeats that Drain has passed, in the order
// of their ordinals.
func (t *Table) EachDrainedResults(f func(ord uint64, s *results.State)) {
	for _, d := range t.results {
		f(d.ord, d.State)
	}
}

// RestoreResults gives a heartbeat the results of an image.
func (t *Table) RestoreResults(ord uint64, s *results.State) error {
	p, slot := t.At(ord)
	if p == nil || s == nil {
		return fsm.ErrCorrupt
	}
	if x := p.Runs(slot); x != nil && x.Results != nil {
		return fsm.ErrCorrupt
	}
	t.OwnRuns(ord).Results = s
	return nil
}
