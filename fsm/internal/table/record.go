package table

import (
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// Record is a heartbeat that is looked at closely: its vitals, where the table
// has them, and its config, decoded. A ping of a heartbeat that is well does
// without.
type Record struct {
	*Hot
	Runs    *RunState // nil for most
	Ordinal uint64
	Cold    Cold
}

// ResetRule makes the threshold hold again, after a resume or a notice.
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
