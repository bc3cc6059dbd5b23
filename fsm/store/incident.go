package store

import (
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// again counts one more failure of a heartbeat that fails already. If its incident
// told of silence only, the failure is told as well, once.
func (st *state) again(r *table.Record, c cause) {
	r.Runs.Incident.Failures++
	if r.Is(table.Reported) {
		return
	}
	r.Set(table.Reported)
	e := st.evidenceOf(r, c)
	addIncident(&e, r.Runs.Incident)
	st.now().Escalate(r, c.due, c.created, e)
}
