package alerting

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// unaddressedWarner logs alerts that have no recipient, at most one in warnEvery.
type unaddressedWarner struct {
	last   fsm.AlertID
	warned time.Time
}

// warnAbout logs the newest such row, unless it is old: then the leader of its time did.
func (n *unaddressedWarner) warnAbout(s *Service, id fsm.AlertID) {
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
