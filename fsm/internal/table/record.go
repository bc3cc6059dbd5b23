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
