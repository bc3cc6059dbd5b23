package store

import (
	"bytes"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
)

// seenRow is what was last seen of a row of the ledger.
type seenRow struct {
	row       ledger.Row
	gone      bool // dropped, as one of too many
	failed    bool // it once was
	cancelled bool
	held      bool // it once was
}

// checkEntry compares the state after an entry with the model, and the ledger
// with what it was before.
func (w *world) checkEntry() {
	st, m := w.observer.st, w.model
	if st.serving != m.serving || st.horizon != m.horizon {
		w.fail("serving time %d, horizon %d; the deltas of legal leaders make %d and %d", st.serving, st.horizon, m.serving, m.horizon)
	}
	select {
	case <-w.observer.LedgerChanged():
		w.checkLedger()
	default:
	}
	w.noteOpenAlarms()
	w.checkSeenTo()
	var pings uint64
	for _, b := range m.beats {
		pings += b.pings
	}
	if st.pings != pings {
		w.fail("%d pings in all, want %d", st.pings, pings)
	}
	if due, ok := w.observer.NextDue(); ok && due <= st.horizon {
		return // judging lags behind, by its bound
	}
	w.checkReturns()
	for _, b := range m.beats {
		w.checkBeat(b)
	}
	for k := range m.alerts {
		missing := w.rows[ledger.AlertIDOf(k.hb, k.incident, k.kind, k.to)] == nil && !w.wasCrowded(k.hb)
		if missing && k.kind == fsm.AlertFailure {
			missing = !w.merged(&ledger.Row{Heartbeat: k.hb, Incident: k.incident, Recipient: k.to})
			w.saw(sawMerged, !missing)
		}
		if missing {
			w.fail("no %v alert to %q of incident %d of hb%d", k.kind, k.to, k.incident, k.hb[7])
		}
	}
}

func (w *world) checkBeat(b *beat) {
	st := w.observer.st
	ord := st.byID(b.id)
	if (ord != 0) == b.deleted {
		w.fail("hb%d: ordinal %d, deleted %v", b.id[7], ord, b.deleted)
	}
	w.checkTokens(b)
	if b.deleted {
		return
	}
	if h, err := w.observer.Heartbeat(b.id); err != nil || h.Spec.Owner != b.spec.Owner || h.Spec.Description != b.spec.Description {
		w.fail("hb%d: %v, owner %q, want %q", b.id[7], err, h.Spec.Owner, b.spec.Owner)
	}
	down := int64(0)
	for _, d := range w.observer.st.uptime.Of(w.observer.st.byID(b.id)).Days {
		down += d.Down
	}
	if down != b.down {
		w.fail("hb%d: failed for %d ms, want %d", b.id[7], down, b.down)
	}
	r := st.table.Record(ord)
	type facts struct {
		paused, failing, armed bool
		misses                 int64
		pings                  uint64
		incident               uint32
		history, open, exit    int
		last                   int64
		inRow                  int
		until                  int64
		quiet                  bool
		tell                   int64
	}
	got := facts{paused: r.Is(table.Paused), failing: r.Is(table.Failing), armed: r.Is(table.Armed), misses: r.MissesAt(st.horizon), pings: r.Pings, incident: r.Incident, history: int(r.Head.Kept), open: 0, exit: fsm.NotKnown, last: r.LastPing}
	if x := st.table.Record(ord).Runs; x != nil {
		got.open, got.exit, got.inRow, got.until = len(x.Open), x.Exit, x.Results.FailuresInARow(), x.PausedUntil()
	}
	if x := st.incidents.Get(fsm.IncidentRef{Heartbeat: b.id, Number: b.incident}); x != nil {
		got.quiet, got.tell = x.IsQuiet(), x.Tell
	}
	want := facts{quiet: b.quiet(), tell: b.tellAt, paused: b.paused, failing: b.failing, armed: b.armed, misses: b.misses, pings: b.pings, incident: b.incident, history: len(b.history), open: len(b.open), exit: b.exit, last: b.last, inRow: b.inRow, until: b.until}
	if got != want {
		w.fail("hb%d: %+v, want %+v", b.id[7], got, want)
	}
}

// checkLedger looks at every row: that something calls for it, and that it came
// where it is by a way that there is.
func (w *world) checkLedger() {
	l := &w.observer.st.ledger
	for id, r := range l.Rows {
		before := w.rows[id]
		if before == nil {
			before = &seenRow{}
			w.rows[id] = before
			w.checkNew(r)
		} else {
			w.checkChange(before, r)
		}
		if s, ok := situationOf[r.State]; ok && before.row.State != r.State {
			w.reached[s]++
		}
		before.row = *r
		before.held = before.held || r.State == fsm.AlertHeld
		before.failed = before.failed || r.State == fsm.AlertFailed
		before.cancelled = before.cancelled || r.State == fsm.AlertCancelled
	}
	for id, seen := range w.rows {
		if l.Rows[id] == nil && w.isDissolved(id) {
			delete(w.rows, id)
			continue
		}
		if l.Rows[id] == nil && !seen.gone {
			seen.gone = true
			w.reached[sawDropped]++
			w.checkDropped(seen)
		}
	}
	w.checkBounds()
	if err := w.observer.st.ledgerNow().Check(); err != nil {
		w.fail("%v", err)
	}
	w.noteWaits()
	// When all rows are known: these compare some with others.
	for id, r := range l.Rows {
		w.checkHeld(r)
		w.checkState(id, r)
		w.checkQuiet(r)
	}
}

func (w *world) checkNew(r *ledger.Row) {
	switch {
	case r.Kind == fsm.AlertDigest:
		return
	case r.Kind == fsm.AlertReminder:
		w.checkReminder(r)
		return
	}
	w.reached[situationOf[r.Kind]]++
	w.saw(sawReported, r.Evidence.Unpack().Failed)
	w.saw(sawHanging, !r.Evidence.Unpack().Started.IsZero())
	want := w.model.alerts[alertKey{r.Heartbeat, r.Incident, r.Kind, r.Recipient}]
	if want == nil && (r.Kind == fsm.AlertRecovered || r.Kind == fsm.AlertFailure) && w.wasReminded(r) {
		return
	}
	if want == nil {
		w.fail("hb%d: a %v alert to %q for incident %d that the rules do not call for", r.Heartbeat[7], r.Kind, r.Recipient, r.Incident)
	}
	if e := r.Evidence.Unpack(); r.Kind == fsm.AlertRecovered && (e.Misses != want.misses || e.Failures != want.failures) {
		w.fail("hb%d: incident %d had %d misses and %d failures, and %q is told of %d and %d",
			r.Heartbeat[7], r.Incident, want.misses, want.failures, r.Recipient, e.Misses, e.Failures)
	}
}

// situationOf a state or a kind that a row comes to.
var situationOf = map[any]situation{
	fsm.AlertDown: sawDown, fsm.AlertUnheard: sawUnheard, fsm.AlertRecovered: sawRecovered, fsm.AlertFailure: sawFailure,
	fsm.AlertCanary: sawCanary, fsm.AlertCancelled: sawCancelled, fsm.AlertHeld: sawHeld,
}

func (w *world) checkChange(before *seenRow, r *ledger.Row) {
	old := before.row
	if before.gone {
		w.fail("row %x was dropped, and is back", r.ID[:3])
	}
	if (old.State == fsm.AlertSent || old.State == fsm.AlertCancelled) && r.State != old.State {
		w.fail("row %x was %v, and is %v", r.ID[:3], old.State, r.State)
	}
	if r.Attempt < old.Attempt || r.Attempt == old.Attempt && r.Term != old.Term {
		w.fail("row %x went from term %d attempt %d to term %d attempt %d", r.ID[:3], old.Term, old.Attempt, r.Term, r.Attempt)
	}
	if old.Digest != (fsm.AlertID{}) && r.Digest == (fsm.AlertID{}) && w.isDissolved(old.Digest) {
		return
	}
	if old.Digest != (fsm.AlertID{}) && r.Digest != old.Digest {
		w.fail("row %x changed its digest", r.ID[:3])
	}
}

// isDissolved reports whether a digest was undone that no sender ever had.
func (w *world) isDissolved(digest fsm.AlertID) bool {
	seen := w.rows[digest]
	return w.observer.st.ledger.Rows[digest] == nil && (seen == nil || seen.row.Kind == fsm.AlertDigest && seen.row.Attempt == 0)
}

// checkDropped allows the ledger to forget the oldest of too many settled rows.
func (w *world) checkDropped(seen *seenRow) {
	settled := w.settledOf(seen.row.Heartbeat)
	for id, r := range w.observer.st.ledger.Rows {
		if r.Heartbeat == seen.row.Heartbeat && !r.State.Settled() && (w.model.hands[id] == fsm.AlertPending || w.model.doubts[id] > 0) {
			settled++ // it may have been, until somebody had it sent again, or its sender told that it did not go out
		}
	}
	if settled < fsm.MaxSettledPer {
		w.fail("row %x, last seen %v, was dropped although its heartbeat has only %d settled rows", seen.row.ID[:3], seen.row.State, settled)
	}
}

// wasCrowded reports whether a heartbeat had so many settled rows once that a row may have come
// and been dropped within one entry.
func (w *world) wasCrowded(hb fsm.HeartbeatID) bool {
	w.crowded[hb] = w.crowded[hb] || w.settledOf(hb) >= fsm.MaxSettledPer
	return w.crowded[hb]
}

func (w *world) settledOf(hb fsm.HeartbeatID) (n int) {
	for _, r := range w.observer.st.ledger.Rows {
		if r.Heartbeat == hb && r.State.Settled() {
			n++
		}
	}
	return n
}

// checkState asks whether a row's end is true.
func (w *world) checkState(id fsm.AlertID, r *ledger.Row) {
	carrier := id
	if r.Digest != (fsm.AlertID{}) {
		carrier = r.Digest
	}
	switch r.State {
	case fsm.AlertSent:
		if w.mail.delivered[carrier] == 0 {
			w.fail("row %x is sent, but the mail server never took it", id[:3])
		}
	case fsm.AlertFailed:
		if r.Recipient != "" && !w.mail.refused[carrier] {
			w.fail("row %x has failed, but was never refused", id[:3])
		}
	case fsm.AlertHeld:
		byHand := w.model.hands[id] == fsm.AlertHeld
		w.saw(sawOnHold, byHand)
		if w.model.doubts[carrier] == 0 && !byHand {
			w.fail("row %x is held, but was never in doubt, and nobody held it", id[:3])
		}
		if byHand && w.mail.delivered[id] > 0 {
			w.fail("row %x is held by hand, and was delivered", id[:3])
		}
	case fsm.AlertCancelled:
		w.checkCancelled(r)
	}
}

// checkCancelled asks that a row which is cancelled was not delivered, and that its
// incident was ended by hand, or something newer is told instead.
func (w *world) checkCancelled(r *ledger.Row) {
	if w.mail.delivered[r.ID] > w.model.doubts[r.ID] {
		w.fail("row %x is cancelled, but was delivered", r.ID[:3])
	}
	alarm := w.rows[r.Answers]
	if gone := alarm == nil || alarm.gone; r.Kind == fsm.AlertRecovered && gone && w.settledOf(r.Heartbeat) >= fsm.MaxSettledPer {
		return // its alarm was cancelled and dropped within one entry
	}
	if w.model.hands[r.ID] == fsm.AlertCancelled {
		return
	}
	if r.Kind == fsm.AlertRecovered && alarm != nil && (alarm.failed || alarm.cancelled) {
		return
	}
	if e := w.model.alerts[alertKey{r.Heartbeat, r.Incident, r.Kind, r.Recipient}]; e != nil && e.mayCancel {
		return
	}
	if r.Kind == fsm.AlertFailure && w.merged(r) || r.Kind == fsm.AlertReminder && w.model.byHand[simIncident{r.Heartbeat, r.Incident}] {
		return
	}
	if w.isSilenced(r) || w.reminderAfter(r) {
		return
	}
	if r.Kind.Alarms() && w.model.unanswered[alertKey{r.Heartbeat, r.Incident, fsm.AlertRecovered, r.Recipient}] {
		return
	}
	for k := range w.model.alerts {
		if k.hb == r.Heartbeat && k.to == r.Recipient && (k.kind == fsm.AlertUnheard) == (r.Kind == fsm.AlertUnheard) &&
			(k.incident > r.Incident || k.incident == r.Incident && k.kind.Rank() > r.Kind.Rank()) {
			return
		}
	}
	w.fail("hb%d: row %x, a %v for %q, is cancelled (%s), but nothing newer is told", r.Heartbeat[7], r.ID[:3], r.Kind, r.Recipient, r.Err)
}

// checkDelivery holds the promise that an incident alerts once, at the moment in
// which a message reaches somebody.
func (w *world) checkDelivery(id fsm.AlertID) {
	r := w.observer.st.ledger.Rows[id]
	if r == nil || r.State == fsm.AlertSent || r.State == fsm.AlertCancelled {
		w.fail("row %x is delivered, though its state is final", id[:3])
	}
	w.saw(sawReleased, w.model.hands[id] == fsm.AlertPending && w.rows[id].held)
	if r.State != fsm.AlertFenced && w.model.hands[id] == fsm.AlertHeld {
		w.fail("row %x is delivered, though somebody holds it back", id[:3])
	}
	told := []fsm.AlertID{id}
	w.saw(sawTwice, w.mail.delivered[id] > 1)
	if r.Kind == fsm.AlertDigest {
		w.reached[sawDigest]++
		told = r.Members
	}
	for _, x := range told {
		w.checkAnswer(w.observer.st.ledger.Rows[x])
		w.checkWindow(w.observer.st.ledger.Rows[x])
		w.checkLasts(w.observer.st.ledger.Rows[x])
		times, doubts := w.mail.delivered[x], w.model.doubts[x]
		if x != id {
			times, doubts = times+w.mail.delivered[id], doubts+w.model.doubts[id]
		}
		if times > 1+doubts {
			w.fail("row %x was delivered %d times, and was in doubt %d times", x[:3], times, doubts)
		}
	}
}

// checkAnswer asks that a recovery reaches only who has had the alert, or may have
// had it. (A row that was held may still be sent again, by hand or because its
// ex-leader tells at last that it never went out: then it comes after its recovery.)
func (w *world) checkAnswer(r *ledger.Row) {
	if r == nil || r.Kind != fsm.AlertRecovered {
		return
	}
	down := w.observer.st.ledger.Rows[r.Answers]
	if down == nil {
		return
	}
	carrier := down.ID
	if down.Digest != (fsm.AlertID{}) {
		carrier = down.Digest
	}
	if seen := w.rows[carrier]; seen != nil && seen.held {
		return
	}
	if state := w.observer.st.ledger.CarrierState(down); state != fsm.AlertSent {
		w.fail("row %x, a recovery, is delivered while its alert %x is %v", r.ID[:3], down.ID[:3], state)
	}
}

// checkReplicas compares each replica that moved with the first that was where it
// is now.
func (w *world) checkReplicas() {
	w.checkImage("the replica that saw every entry", w.observer, len(w.log))
	for _, n := range w.nodes {
		if n.up && n.checked != n.applied {
			n.checked = n.applied
			w.checkImage(n.String(), n.store, n.applied)
		}
	}
}

func (w *world) checkImage(who string, s *Store, at int) {
	if s == w.observer && w.images[at] != nil {
		return
	}
	image := w.imageOf(s)
	if first := w.images[at]; first != nil && !bytes.Equal(image, first) {
		w.fail("%s differs at entry %d from another replica", who, at)
	}
	w.images[at] = image
}

// quietRounds is more than it takes for everything to settle.
const quietRounds = 400

// quiesce mends everything and runs until nothing is left to be done.
func (w *world) quiesce() {
	w.mail.out = false
	w.say("all is mended")
	for range w.nodes {
		w.restart(0)
	}
	w.appendQueued()
	for i := range w.nodes {
		w.elect(w.nodes[i])
	}
	for round := range quietRounds {
		for id := range w.model.windows {
			if round == quietRounds/2 { // a clock that was set back would make it last
				w.add(w.leader.n, fsm.DeleteWindow{ID: id})
			}
		}
		w.mendDependencies(round)
		if round == quietRounds/2 { // reminders may come as fast as a burst lets them go
			settings := w.model.settings
			settings.Burst = 100
			w.add(w.leader.n, fsm.SetSettings{Settings: settings})
		}
		if round == quietRounds/2 {
			for id := range w.model.hours { // likewise: hours without an end
				w.add(w.leader.n, fsm.SetHours{List: []fsm.HoursTimes{{Channel: id, Hours: simHours, Rules: 2, Spans: []weekly.Span{{From: 1, To: 1 << 50}}}}})
			}
		}
		w.pass(1000)
		for i := range uint32(2 * maxTasks) {
			w.look(event{a: i, b: 31}) // each at another row: reminders may come faster than one a round
		}
		for range 5 {
			for _, t := range slices.Clone(w.tasks) {
				w.advance(t, 19, 0)
			}
			w.flow()
		}
		if w.quiet() {
			return
		}
	}
	w.fail("not quiet after %d rounds: %+v, %d tasks, %d unsettled", quietRounds,
		w.observer.Work(w.term, 100), len(w.tasks), w.observer.Totals().Queue)
}

func (w *world) quiet() bool {
	for _, n := range w.nodes {
		if len(n.waiting) > 0 {
			return false
		}
	}
	due, running := w.observer.NextDue()
	return len(w.tasks) == 0 && len(w.leader.flight) == 0 && w.observer.Totals().Queue == 0 &&
		(!running || due > w.observer.Horizon())
}

// checkEnd asks that nothing was lost: no alert, no ping, on no replica.
func (w *world) checkEnd() {
	w.reached[sawRepeat] += w.model.repeats
	w.reached[sawSameKey] += w.model.sameKey
	w.reached[sawKeyGone] += w.model.keyGone
	w.reached[sawBroke] += w.model.broke
	w.reached[sawTolerated] += w.model.tolerated
	w.reached[sawPauseEnd] += w.model.ended
	w.reached[sawWoke] += w.model.woke
	w.reached[sawRotation] += w.model.rotations
	w.reached[sawCircle] += w.model.circles
	w.reached[sawGoodWhilePaused] += w.model.goodWhilePaused
	w.reached[sawTakesLess] += w.model.takesLess
	for id, seen := range w.rows {
		if !seen.gone && !seen.row.State.Settled() {
			w.fail("row %x is %v at the end", id[:3], seen.row.State)
		}
	}
	for _, b := range w.model.beats {
		w.checkHistory(b)
	}
	w.checkTold()
	w.checkReminded()
	w.checkEachIsTold()
	w.checkSystem()
	w.checkNotices()
	for _, n := range w.nodes {
		w.catchUp(n, len(w.log))
	}
	w.checkReplicas()
	fresh := w.setup.store()
	for i := range w.log {
		w.apply(fresh, i)
	}
	w.checkImage("a replay of the whole log", fresh, len(w.log))
}

func (w *world) checkHistory(b *beat) {
	if b.deleted {
		return
	}
	var got []int64
	st := w.observer.st
	page, slot := st.table.At(st.byID(b.id))
	page.History.WalkBack(page.Head(slot), slot, 0, func(at int64, _ []byte, _ [16]byte) bool {
		got = append(got, at)
		return true
	})
	slices.Reverse(got)
	if !slices.Equal(got, b.history) {
		w.fail("hb%d: the history is %v, want %v", b.id[7], got, b.history)
	}
}
