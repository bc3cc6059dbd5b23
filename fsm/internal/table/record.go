package table

import (
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// Record is a whole heartbeat: its hot fields, where the table has them, and its cold
// fields, decoded. A plain ping does without.
type Record struct {
	*Hot
	Runs    *RunState // nil for most
	Ordinal uint64
	Cold    Cold
}

// RunLimit returns how long a run may take, in ms: what its heartbeat says, else the grace,
// or the interval if there is no grace.
func (r *Record) RunLimit() int64 {
	switch {
	case r.Cold.Spec.MaxRun > 0:
		return r.Cold.Spec.MaxRun * 1000
	case r.GraceSecs == 0:
		return r.Interval()
	}
	return r.Grace()
}

// ResetRule makes the threshold decide again which miss alerts, after a resume or an
// unheard notice.
func (r *Record) ResetRule() {
	r.Clear(Resumed | Unheard)
	if r.Runs != nil {
		r.Runs.Resumed = 0
	}
}

// CallerOf returns who sent the newest ping that ended a run, "" if that is not known.
func CallerOf(h *history.Head) string {
	if from := history.AddrOf(h.Callers.Last()); from.IsValid() {
		return from.String()
	}
	return ""
}
