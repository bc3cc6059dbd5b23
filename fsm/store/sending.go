package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// runLedger runs a step of the alerts' sender. It takes the misses of the heartbeats that
// the step is about first: a miss may cancel what waits, and must not depend on how far
// judging has got.
func (st *state) runLedger(c fsm.Command) fsm.Code {
	for _, ordinal := range st.ledger.Heartbeats(c) {
		if st.table.Has(ordinal) {
			st.takeMisses(ordinal)
		}
	}
	return st.now().Run(c)
}

// now is the ledger at this moment.
func (st *state) now() ledger.Now {
	return st.ledger.At(ledger.Env{Term: st.term, Wall: st.wall, Serving: st.serving, Settings: &st.settings, Cluster: st.clusterID})
}

// openIncident returns the incident of a heartbeat that is going on, or 0.
func (st *state) openIncident(ordinal uint64) uint32 {
	if h := st.table.Hot(ordinal); h != nil && h.Is(table.Failing) {
		return h.Incident
	}
	return 0
}
