package ledger

import (
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/channels"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"github.com/quorumbeat/quorumbeat/fsm/internal/windows"
)

// Ledger holds the alerts: rows, and the windows that turn storms into digests.
type Ledger struct {
	watch Watch

	Rows    map[fsm.AlertID]*Row
	windows map[string]burstWindow // by recipient
	flaps   flapWindows
	refs    map[fsm.AlertID]string // how services name the messages that they took, of rows that are kept
	counts  map[countKey]uint64

	// Derived.
	order       ordered.Set[Key] // of all rows
	byHeartbeat map[fsm.HeartbeatID][]Key
	stages
	deferred   map[fsm.AlertID]struct{} // rows that are filed away
	windowEnds windowEnds
	FlapsEnd   int64 // serving: when the first of the flap windows ends, see EndFlaps; math.MaxInt64: there is none
	Changed    bool  // since the last Apply

	Unaddressed fsm.AlertID // the newest row that had no recipient, since this process began
}

type countKey struct {
	kind  fsm.AlertKind
	state fsm.AlertState
}

// Watch is what the ledger asks, and tells, of the incidents of its rows.
type Watch struct {
	OpenIncident func(ordinal uint64) uint32                    // the one of a heartbeat that goes on; 0: none
	IsQuiet      func(hb fsm.HeartbeatID, incident uint32) bool // whether nothing but its recovery is told
	Settled      func(r *Row, isNew bool)                       // a row of a heartbeat reached its end, or begins with it
}

// New returns an empty ledger. The rows of an incident that goes on are kept.
func New(watch Watch) Ledger {
	return Ledger{
		watch: watch,
		Rows:  map[fsm.AlertID]*Row{}, windows: map[string]burstWindow{}, flaps: newFlapWindows(), counts: map[countKey]uint64{},
		byHeartbeat: map[fsm.HeartbeatID][]Key{}, stages: newStages(), deferred: map[fsm.AlertID]struct{}{},
		FlapsEnd: math.MaxInt64,
	}
}

// insertRow adds a new row, or does nothing if it is there already.
func (l *Ledger) insertRow(r Row) {
	if _, ok := l.Rows[r.ID]; ok {
		return
	}
	l.addToIndexes(&r)
	l.enterStage(&r)
	l.counts[countKey{r.Kind, fsm.AlertPending}]++
	if r.State != fsm.AlertPending {
		l.counts[countKey{r.Kind, r.State}]++
	}
	l.Changed = true
	if r.State.Settled() {
		l.tellSettled(&r, true)
		l.dropOldest(&r, noIncident)
	}
}

// tellSettled tells that a row of a heartbeat came to its end: it was sent, or it could not be.
func (l *Ledger) tellSettled(r *Row, isNew bool) {
	if r.ordinal != 0 && r.State != fsm.AlertCancelled {
		l.watch.Settled(r, isNew)
	}
}

func noIncident(uint64) uint32 { return 0 }

// addToIndexes files a row by ID and by heartbeat; its stage comes after.
func (l *Ledger) addToIndexes(r *Row) {
	l.Rows[r.ID] = r
	l.order.Add(r.orderKey())
	if r.ordinal != 0 {
		l.byHeartbeat[r.Heartbeat] = insertKey(l.byHeartbeat[r.Heartbeat], r.orderKey())
	}
}

// changeRow replaces a row with what f makes of it.
func (l *Ledger) changeRow(id fsm.AlertID, f func(r *Row)) {
	old := l.Rows[id]
	r := *old
	f(&r)
	if r.State == fsm.AlertSent || r.State == fsm.AlertCancelled {
		r.Evidence = r.Evidence.withoutOutput() // nobody reads it again
	}
	if r.State != fsm.AlertPending || r.NotBefore == byHand {
		r.wait = 0
		delete(l.deferred, id)
	}
	l.replaceRow(old, &r)
	l.Changed = true
	if r.State == old.State {
		return
	}
	if r.State.Settled() != old.State.Settled() {
		l.recheckWaiting(&r)
	}
	if r.State.Settled() {
		l.counts[countKey{r.Kind, r.State}]++
		l.tellSettled(&r, false)
		l.dropOldest(&r, l.watch.OpenIncident)
	}
}

// dropOldest drops the oldest settled rows: beyond MaxSettledPer of r's heartbeat, except
// those of the incident that is going on (its reminders go), and beyond MaxSettled in all. Of a heartbeat's
// rows the cancelled ones go first while they are more than half, so that the mails that
// a flapping job did not cause do not push out those that it did.
func (l *Ledger) dropOldest(r *Row, openIncident func(ordinal uint64) uint32) {
	if len(l.byHeartbeat[r.Heartbeat]) > fsm.MaxSettledPer {
		l.dropOldestOf(r.Heartbeat, r.ordinal, openIncident(r.ordinal))
	}
	for l.settled.Len() > fsm.MaxSettled {
		k, _ := l.settled.First()
		l.dropRow(l.Rows[k.id])
	}
}

func (l *Ledger) dropOldestOf(hb fsm.HeartbeatID, ord uint64, openIncident uint32) {
	excess, cancelled := -fsm.MaxSettledPer, 0
	var settled []*Row
	for _, k := range l.byHeartbeat[hb] {
		if r := l.Rows[k.id]; r.ordinal == ord && r.State.Settled() && !r.isOnHold() {
			settled = append(settled, r)
			excess++
			if r.State == fsm.AlertCancelled {
				cancelled++
			}
		}
	}
	for _, r := range settled {
		if excess <= 0 {
			return
		}
		if openIncident != 0 && r.Incident == openIncident && r.Kind != fsm.AlertReminder {
			continue
		}
		if r.State == fsm.AlertCancelled {
			cancelled--
		} else if cancelled > fsm.MaxSettledPer/2 {
			continue
		}
		l.dropRow(r)
		excess--
	}
}

func (l *Ledger) dropRow(r *Row) {
	delete(l.Rows, r.ID)
	delete(l.refs, r.ID)
	delete(l.deferred, r.ID)
	l.order.Remove(r.orderKey())
	l.leaveStage(r)
	if keys := removeKey(l.byHeartbeat[r.Heartbeat], r.orderKey()); len(keys) > 0 {
		l.byHeartbeat[r.Heartbeat] = keys
	} else {
		delete(l.byHeartbeat, r.Heartbeat)
	}
}

// isBlocked reports whether a row waits for another one to settle.
func (l *Ledger) isBlocked(r *Row) bool {
	if r.after == (fsm.AlertID{}) {
		return false
	}
	x := l.Rows[r.after]
	return x != nil && !l.CarrierState(x).Settled()
}

// Env is what the ledger has to know of the state that it is part of.
type Env struct {
	Term     uint64        // of the batch that is being applied
	Wall     int64         // its stamp, Unix ms
	Serving  int64         // ms
	Settings *fsm.Settings // the replicated ones
	Cluster  fsm.NodeID    // its ID
	Channels *channels.Table
	Windows  *windows.Table
	Clock    *timetable.Clock
	Table    *table.Table

	// Depends tells what defers an alert of a heartbeat that was due at a serving time, of the heartbeats
	// that it depends on; nil: nothing does.
	Depends func(ordinal uint64, due int64) Deferral
}

// Now is the ledger at one moment of the state.
type Now struct {
	*Ledger
	Env
}

// At returns the ledger at a moment.
func (l *Ledger) At(env Env) Now { return Now{l, env} }
