package fsm

// ledger holds the alerts: rows, and the windows that turn storms into digests.
type ledger struct {
	rows    map[AlertID]*row
	windows map[string]window // by recipient
	counts  map[countKey]uint64

	// Derived.
	open    rowSet              // rows that a sender must see to; not the members of digests
	settled rowSet              // rows at their end, up to MaxSettled
	byHeart map[uint64][]rowKey // by ordinal, ordered
	carried int                 // unsettled members of digests
	touched bool                // since the last Apply
}

// window counts the single mails of one recipient since start.
type window struct {
	start int64 // serving
	count int
}

type countKey struct {
	kind  AlertKind
	state AlertState
}

func newLedger() ledger {
	return ledger{
		rows: map[AlertID]*row{}, windows: map[string]window{}, counts: map[countKey]uint64{},
		open: newRowSet(), settled: newRowSet(), byHeart: map[uint64][]rowKey{},
	}
}

// index files a row in the derived sets.
func (l *ledger) index(r *row) {
	carried := r.digest != (AlertID{})
	switch {
	case r.state.Settled():
		l.open.remove(r.id)
		l.settled.add(r.key())
	case carried:
		l.open.remove(r.id)
		l.settled.remove(r.id)
		l.carried++
	default:
		l.settled.remove(r.id)
		l.open.add(r.key())
	}
}

// insert adds a new row, or does nothing if it is there already.
func (l *ledger) insert(r row) {
	if _, ok := l.rows[r.id]; ok {
		return
	}
	l.file(&r)
	l.counts[countKey{r.kind, AlertPending}]++
	if r.state != AlertPending {
		l.counts[countKey{r.kind, r.state}]++
	}
	l.touched = true
	if r.state.Settled() {
		l.retain(r.ord, 0)
	}
}

// file puts a row in its places without counting it.
func (l *ledger) file(r *row) {
	l.rows[r.id] = r
	l.index(r)
	if r.ord != 0 {
		l.byHeart[r.ord] = insertKey(l.byHeart[r.ord], r.key())
	}
}

// change replaces a row with what f makes of it. openIncident is the incident of
// its heartbeat that is still going on, or 0.
func (l *ledger) change(id AlertID, openIncident uint32, f func(r *row)) {
	old := l.rows[id]
	r := *old
	f(&r)
	l.rows[id] = &r
	if old.digest != (AlertID{}) && !old.state.Settled() {
		l.carried--
	}
	l.index(&r)
	l.touched = true
	if r.state == old.state {
		return
	}
	if r.state.Settled() {
		l.counts[countKey{r.kind, r.state}]++
		l.retain(r.ord, openIncident)
	}
}

// retain drops the oldest settled rows: beyond MaxSettledPer of the heartbeat,
// but for those of the incident that is going on, and beyond MaxSettled in all.
func (l *ledger) retain(ord uint64, openIncident uint32) {
	excess := -MaxSettledPer
	for _, k := range l.byHeart[ord] {
		if l.settled.contains(k.id) {
			excess++
		}
	}
	for i := 0; excess > 0 && i < len(l.byHeart[ord]); {
		r := l.rows[l.byHeart[ord][i].id]
		if !r.state.Settled() || (openIncident != 0 && r.incident == openIncident) {
			i++
			continue
		}
		l.drop(r)
		excess--
	}
	for l.settled.len() > MaxSettled {
		id, _ := l.settled.oldest()
		l.drop(l.rows[id])
	}
}

func (l *ledger) drop(r *row) {
	delete(l.rows, r.id)
	l.settled.remove(r.id)
	if keys := removeKey(l.byHeart[r.ord], r.key()); len(keys) > 0 {
		l.byHeart[r.ord] = keys
	} else {
		delete(l.byHeart, r.ord)
	}
}

// openIncident returns the incident of a row's heartbeat that is going on, or 0.
func (st *state) openIncident(r *row) uint32 {
	if h := st.table.get(r.ord); h != nil && h.is(flagFailing) {
		return h.incident
	}
	return 0
}

// changeRow changes a row with the retention that its heartbeat's state asks for.
func (st *state) changeRow(id AlertID, f func(r *row)) {
	st.ledger.change(id, st.openIncident(st.ledger.rows[id]), f)
}
