package store

import (
	"cmp"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Alerts lists the ledger newest first. more tells that the limit cut the list:
// go on with Before set to the last one's ID. A Before that the ledger has dropped
// meanwhile ends the list: what would follow is older still. A list that takes long
// is not one moment's picture.
func (s *Store) Alerts(f fsm.AlertFilter) (list []fsm.Alert, more bool) {
	if f.Heartbeat != nil {
		return s.alertsOf(f)
	}
	before, ok := s.position(f.Before)
	for ok && !more {
		list, more, before, ok = s.someAlerts(f, list, before)
	}
	return list, more
}

// position is where a listing begins; false if that is unknown.
func (s *Store) position(id *fsm.AlertID) (*rowKey, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.position(id)
}

// someAlerts appends what matches among the next lockFor rows; ok tells that there
// may be more after the row that it came to.
func (s *Store) someAlerts(f fsm.AlertFilter, list []fsm.Alert, before *rowKey) (_ []fsm.Alert, more bool, last *rowKey, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var at rowKey
	read := 0
	for k := range s.st.ledger.order.Before(before) {
		if read++; read > lockFor {
			return list, false, &at, true
		}
		at = k
		if list, more = s.st.list(f, list, k); more {
			return list, more, nil, false
		}
	}
	return list, false, nil, false
}

// alertsOf lists the rows of one heartbeat, of which there are few.
func (s *Store) alertsOf(f fsm.AlertFilter) (list []fsm.Alert, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	before, ok := s.st.position(f.Before)
	if !ok {
		return nil, false
	}
	for _, k := range slices.Backward(s.st.ledger.byHeart[*f.Heartbeat]) {
		if before != nil && k.Compare(*before) >= 0 {
			continue
		}
		if list, more = s.st.list(f, list, k); more {
			break
		}
	}
	return list, more
}

// list appends a row if it matches; more tells that the limit forbids it.
func (st *state) list(f fsm.AlertFilter, list []fsm.Alert, k rowKey) (_ []fsm.Alert, more bool) {
	r := st.ledger.rows[k.id]
	if f.State != 0 && st.ledger.carrierState(r) != f.State {
		return list, false
	}
	if f.Limit > 0 && len(list) == f.Limit {
		return list, true
	}
	return append(list, st.alert(r)), false
}

func (st *state) position(id *fsm.AlertID) (*rowKey, bool) {
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

// Alert returns one row of the ledger, or ErrNotFound.
func (s *Store) Alert(id fsm.AlertID) (fsm.Alert, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.st.ledger.rows[id]
	if r == nil {
		return fsm.Alert{}, fsm.ErrNotFound
	}
	return s.st.alert(r), nil
}

// Unaddressed returns the newest row that had no recipient, of those written since this
// process began; zero if there is none.
func (s *Store) Unaddressed() fsm.AlertID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.ledger.unaddressed
}

// Totals returns the counts of the whole state.
func (s *Store) Totals() fsm.Totals {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.st
	t := fsm.Totals{
		Paused: st.paused, Failing: len(st.failing),
		Active: st.table.Live - st.paused - len(st.failing),
		Misses: st.misses, Pings: st.pings, Serving: st.serving, GapTotal: st.gaps.total,
		Queue: st.ledger.open.Len() + st.ledger.carried,
	}
	t.Misses += st.untaken()
	if k, ok := st.ledger.open.First(); ok {
		t.OldestPending = fsm.WallTime(st.ledger.rows[k.id].created)
	}
	for k, n := range st.ledger.counts {
		t.Alerts = append(t.Alerts, fsm.AlertCount{Kind: k.kind, State: k.state, N: n})
	}
	slices.SortFunc(t.Alerts, func(a, b fsm.AlertCount) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	})
	return t
}

// untaken returns the misses of failing heartbeats that nobody has counted yet. It
// looks each up if they are few, and else through all pages, which is several times
// faster: a ping waits meanwhile.
func (st *state) untaken() (misses uint64) {
	if len(st.failing) < st.table.PageCount() {
		for ord := range st.failing {
			misses += st.table.Hot(ord).Untaken(st.horizon)
		}
		return misses
	}
	return st.table.Untaken(st.horizon)
}
