package fsm

import (
	"cmp"
	"slices"
	"time"
)

// AlertFilter chooses rows of the ledger; its zero value chooses all.
type AlertFilter struct {
	State     AlertState   // 0: any
	Heartbeat *HeartbeatID // nil: any
	Limit     int          // 0: all
	Before    *AlertID     // only rows listed after this one; nil: from the newest
}

// Alerts lists the ledger newest first. more tells that the limit cut the list:
// go on with Before set to the last one's ID. A Before that the ledger has dropped
// meanwhile ends the list: what would follow is older still.
func (s *Store) Alerts(f AlertFilter) (list []Alert, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	before, ok := s.st.position(f.Before)
	if !ok {
		return nil, false
	}
	for _, k := range s.st.rowKeys(f.Heartbeat) {
		if before != nil && compareKeys(k, *before) >= 0 {
			continue
		}
		a := s.st.alert(s.st.ledger.rows[k.id])
		if f.State != 0 && a.State != f.State {
			continue
		}
		if f.Limit > 0 && len(list) == f.Limit {
			return list, true
		}
		list = append(list, a)
	}
	return list, false
}

func (st *state) position(id *AlertID) (*rowKey, bool) {
	if id == nil {
		return nil, true
	}
	r := st.ledger.rows[*id]
	if r == nil {
		return nil, false
	}
	k := r.key()
	return &k, true
}

// rowKeys returns the keys of all rows, or of one heartbeat's, newest first.
func (st *state) rowKeys(hb *HeartbeatID) []rowKey {
	keys := make([]rowKey, 0, 64)
	for _, r := range st.ledger.rows {
		if hb == nil || r.heartbeat == *hb {
			keys = append(keys, r.key())
		}
	}
	slices.SortFunc(keys, func(a, b rowKey) int { return compareKeys(b, a) })
	return keys
}

// Alert returns one row of the ledger, or ErrNotFound.
func (s *Store) Alert(id AlertID) (Alert, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.st.ledger.rows[id]
	if r == nil {
		return Alert{}, ErrNotFound
	}
	return s.st.alert(r), nil
}

// AlertCount is how many rows ever entered a state; for AlertPending, how many
// were written.
type AlertCount struct {
	Kind  AlertKind
	State AlertState
	N     uint64
}

// Totals feeds the metrics. Its cost grows with the heartbeats that are failing
// and the alerts that are under way, not with those that are well.
type Totals struct {
	Active, Paused, Failing int
	Misses                  uint64
	Pings                   uint64
	Serving                 int64 // ms
	GapTotal                int64 // ms
	Alerts                  []AlertCount
	Queue                   int       // rows that are not settled
	OldestPending           time.Time // zero: none
}

// Totals returns the counts of the whole state.
func (s *Store) Totals() Totals {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.st
	t := Totals{
		Paused: st.paused, Failing: len(st.failing),
		Active: st.table.live - st.paused - len(st.failing),
		Misses: st.misses, Pings: st.pings, Serving: st.serving, GapTotal: st.gaps.total,
		Queue: st.ledger.open.len() + st.ledger.carried,
	}
	for ord := range st.failing {
		r := st.table.get(ord)
		t.Misses += uint64(r.missesAt(st.horizon) - r.misses)
	}
	st.ledger.open.each(func(id AlertID) bool {
		t.OldestPending = wallTime(st.ledger.rows[id].created)
		return false
	})
	for k, n := range st.ledger.counts {
		t.Alerts = append(t.Alerts, AlertCount{k.kind, k.state, n})
	}
	slices.SortFunc(t.Alerts, func(a, b AlertCount) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	})
	return t
}
