package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// ledger holds the alerts: rows, and the windows that turn storms into digests.
type ledger struct {
	rows    map[fsm.AlertID]*row
	windows map[string]window // by recipient
	counts  map[countKey]uint64

	// Derived.
	order   ordered.Set[rowKey] // of all rows
	byHeart map[fsm.HeartbeatID][]rowKey
	places
	lapses  lapses
	touched bool // since the last Apply

	unaddressed fsm.AlertID // the newest row that had no recipient, since this process began
}

type countKey struct {
	kind  fsm.AlertKind
	state fsm.AlertState
}

func newLedger() ledger {
	return ledger{
		rows: map[fsm.AlertID]*row{}, windows: map[string]window{}, counts: map[countKey]uint64{},
		byHeart: map[fsm.HeartbeatID][]rowKey{}, places: newPlaces(),
	}
}

// insert adds a new row, or does nothing if it is there already.
func (l *ledger) insert(r row) {
	if _, ok := l.rows[r.id]; ok {
		return
	}
	l.file(&r)
	l.enter(&r)
	l.counts[countKey{r.kind, fsm.AlertPending}]++
	if r.state != fsm.AlertPending {
		l.counts[countKey{r.kind, r.state}]++
	}
	l.touched = true
	if r.state.Settled() {
		l.retain(&r, noIncident)
	}
}

func noIncident(*row) uint32 { return 0 }

// file makes a row known, which is then to enter its place.
func (l *ledger) file(r *row) {
	l.rows[r.id] = r
	l.order.Add(r.key())
	if r.ord != 0 {
		l.byHeart[r.heartbeat] = insertKey(l.byHeart[r.heartbeat], r.key())
	}
}

// changeRow replaces a row with what f makes of it.
func (st *state) changeRow(id fsm.AlertID, f func(r *row)) {
	l := &st.ledger
	old := l.rows[id]
	r := *old
	f(&r)
	if r.state == fsm.AlertSent || r.state == fsm.AlertCancelled {
		r.evidence = r.evidence.withoutOutput() // nobody will read it again
	}
	l.replace(old, &r)
	l.touched = true
	if r.state == old.state {
		return
	}
	if r.state.Settled() != old.state.Settled() {
		l.recheck(&r)
	}
	if r.state.Settled() {
		l.counts[countKey{r.kind, r.state}]++
		l.retain(&r, st.openIncident)
	}
}

// openIncident returns the incident of a row's heartbeat that is going on, or 0.
func (st *state) openIncident(r *row) uint32 {
	if h := st.table.Hot(r.ord); h != nil && h.Is(table.Failing) {
		return h.Incident
	}
	return 0
}

// retain drops the oldest settled rows: beyond MaxSettledPer of the heartbeat of
// r, but for those of the incident that is going on, and beyond MaxSettled in all.
// Of a heartbeat's rows those go first that were cancelled, if they are more than
// half: what a flapping job was not mailed for should not hide what it was.
func (l *ledger) retain(r *row, openIncident func(*row) uint32) {
	if len(l.byHeart[r.heartbeat]) > fsm.MaxSettledPer {
		l.retainOf(r.heartbeat, r.ord, openIncident(r))
	}
	for l.settled.Len() > fsm.MaxSettled {
		k, _ := l.settled.First()
		l.drop(l.rows[k.id])
	}
}

func (l *ledger) retainOf(hb fsm.HeartbeatID, ord uint64, openIncident uint32) {
	excess, cancelled := -fsm.MaxSettledPer, 0
	var settled []*row
	for _, k := range l.byHeart[hb] {
		if r := l.rows[k.id]; r.ord == ord && r.state.Settled() {
			settled = append(settled, r)
			excess++
			if r.state == fsm.AlertCancelled {
				cancelled++
			}
		}
	}
	for _, r := range settled {
		if excess <= 0 {
			return
		}
		if openIncident != 0 && r.incident == openIncident {
			continue
		}
		if r.state == fsm.AlertCancelled {
			cancelled--
		} else if cancelled > fsm.MaxSettledPer/2 {
			continue
		}
		l.drop(r)
		excess--
	}
}

func (l *ledger) drop(r *row) {
	delete(l.rows, r.id)
	l.order.Remove(r.key())
	l.leave(r)
	if keys := removeKey(l.byHeart[r.heartbeat], r.key()); len(keys) > 0 {
		l.byHeart[r.heartbeat] = keys
	} else {
		delete(l.byHeart, r.heartbeat)
	}
}

// waits reports whether the row before a row has not settled yet.
func (l *ledger) waits(r *row) bool {
	if r.after == (fsm.AlertID{}) {
		return false
	}
	x := l.rows[r.after]
	return x != nil && !l.carrierState(x).Settled()
}

// carrierState is the state of the mail that carries a row: its own, or that of
// its digest.
func (l *ledger) carrierState(r *row) fsm.AlertState {
	if d := l.rows[r.digest]; d != nil {
		return d.state
	}
	return r.state
}
