package alerting

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// nobody tells of alerts that have no recipient, loudly but not often.
type nobody struct {
	last   fsm.AlertID
	warned time.Time
}

// look is given the newest such row. One that is old was told of by the leader of its
// time.
func (n *nobody) look(s *Service, id fsm.AlertID) {
	if id == n.last || time.Since(n.warned) < warnEvery {
		return
	}
	n.last = id
	a, err := s.store.Alert(id)
	if err != nil || time.Since(a.CreatedAt) > warnEvery {
		return
	}
	n.warned = time.Now()
	s.log.Error("a heartbeat's state changed and nobody is told: set --mail-to, or the heartbeat's email",
		"heartbeat", a.Evidence.Name, "id", a.Heartbeat.String(), "kind", a.Kind.String())
}
