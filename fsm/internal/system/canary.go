package system

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// canaryOf is the subject of the canaries that go to a recipient.
func canaryOf(to string) fsm.SystemSubject {
	sum := sha256.Sum256([]byte(to))
	return fsm.SystemSubject{Kind: fsm.SystemCanary, Part: hex.EncodeToString(sum[:8])}
}

// Canary returns the period, by the wall, of the newest canary to a recipient; 0 if there was none.
func (t *Table) Canary(to string) int64 { return t.subjects[canaryOf(to).ID()].since }

// sendCanary writes a canary, once for each period. One that still waits gives way to it.
func (t *Table) sendCanary(c fsm.SendCanary, env Env) fsm.Code {
	if c.Validate() != nil {
		return fsm.CodeInvalid
	}
	s, known := t.subjects[canaryOf(c.To).ID()]
	switch {
	case known && c.Period <= s.since:
		return fsm.CodeOK
	case !known && !t.makeRoom(env.Ledger):
		return fsm.CodeQuota
	case !known:
		t.serial++
		s = subject{SystemSubject: canaryOf(c.To), serial: t.serial}
	}
	s.number, s.since, s.detail = s.number+1, c.Period, c.URL
	t.put(s)
	env.Ledger.WriteCanary(s.heartbeat(), c.To, s.evidence())
	return fsm.CodeOK
}
