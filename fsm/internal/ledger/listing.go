package ledger

import (
	"cmp"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// appendMatch appends a row if it matches; more tells that the limit forbids it.
func (now Now) appendMatch(f fsm.AlertFilter, list []fsm.Alert, k Key) (_ []fsm.Alert, more bool) {
	r := now.Rows[k.id]
	if f.State != 0 && now.CarrierState(r) != f.State {
		return list, false
	}
	if f.Limit > 0 && len(list) == f.Limit {
		return list, true
	}
	return append(list, now.viewRow(r)), false
}

// Position returns the key of a row, nil for no row; false if it is not known.
func (l *Ledger) Position(id *fsm.AlertID) (*Key, bool) {
	if id == nil {
		return nil, true
	}
	r := l.Rows[*id]
	if r == nil {
		return nil, false
	}
	k := r.orderKey()
	return &k, true
}

// CarrierState returns the state of the mail that tells of a row: that of its digest, or
// its own.
func (l *Ledger) CarrierState(r *Row) fsm.AlertState {
	if d := l.Rows[r.Digest]; d != nil {
		return d.State
	}
	return r.State
}

// ListPage appends what matches among the next most rows before a position; ok tells that
// there may be more after last, the row that it came to.
func (now Now) ListPage(f fsm.AlertFilter, list []fsm.Alert, before *Key, most int) (_ []fsm.Alert, more bool, last *Key, ok bool) {
	var at Key
	read := 0
	for k := range now.order.Before(before) {
		if read++; read > most {
			return list, false, &at, true
		}
		at = k
		if list, more = now.appendMatch(f, list, k); more {
			return list, more, nil, false
		}
	}
	return list, false, nil, false
}

// ListOf lists the rows of one heartbeat, of which there are few.
func (now Now) ListOf(f fsm.AlertFilter) (list []fsm.Alert, more bool) {
	before, ok := now.Position(f.Before)
	if !ok {
		return nil, false
	}
	for _, k := range slices.Backward(now.byHeartbeat[*f.Heartbeat]) {
		if before != nil && k.Compare(*before) >= 0 {
			continue
		}
		if list, more = now.appendMatch(f, list, k); more {
			break
		}
	}
	return list, more
}

// Alert returns one row; false if there is none.
func (now Now) Alert(id fsm.AlertID) (fsm.Alert, bool) {
	r := now.Rows[id]
	if r == nil {
		return fsm.Alert{}, false
	}
	return now.viewRow(r), true
}

// Counts returns how many rows ever entered each state.
func (l *Ledger) Counts() (list []fsm.AlertCount) {
	for k, n := range l.counts {
		list = append(list, fsm.AlertCount{Kind: k.kind, State: k.state, N: n})
	}
	slices.SortFunc(list, func(a, b fsm.AlertCount) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	})
	return list
}

// Unsettled returns how many rows are not settled, and when the oldest was written that nothing
// keeps back, by the wall; 0 if there is none.
func (now Now) Unsettled() (n int, oldest int64) {
	looked := 0
	for k := range now.open.All() {
		if looked++; looked > maxDeferred || !now.isDeferred(now.Rows[k.id]) {
			oldest = now.Rows[k.id].created
			break
		}
	}
	return now.open.Len() + now.carried, oldest
}

// overdueLooked bounds how many rows Overdue looks at.
const overdueLooked = 10_000

// Overdue returns for how long the oldest row that is not settled could have been sent, in ms
// of serving time; 0 if there is none. A row that waits for a time of its own, or that something keeps back, does not count.
func (now Now) Overdue() int64 {
	looked := 0
	for k := range now.open.All() {
		if looked++; looked > overdueLooked {
			break
		}
		r := now.Rows[k.id]
		from := max(k.due, r.wait)
		if r.Attempt == 0 {
			from = max(from, r.NotBefore)
		}
		if r.stage != blocked && from <= now.Serving && !now.isDeferred(r) {
			return now.Serving - from
		}
	}
	return 0
}
