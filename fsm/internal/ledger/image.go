package ledger

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Write writes the ledger to an image.
func (l *Ledger) Write(w *image.Writer) {
	rows := slices.SortedFunc(maps.Values(l.Rows), func(a, b *Row) int { return a.orderKey().Compare(b.orderKey()) })
	w.Count(len(rows))
	for _, r := range rows {
		r.write(w)
		w.FlushIfFull()
	}
	w.Count(len(l.windows))
	for _, to := range slices.Sorted(maps.Keys(l.windows)) {
		w.String(to)
		w.Int(l.windows[to].start)
		w.Count(l.windows[to].count)
	}
	w.Count(len(l.counts))
	keys := slices.SortedFunc(maps.Keys(l.counts), func(a, b countKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.state, b.state))
	})
	for _, k := range keys {
		w.Byte(byte(k.kind))
		w.Byte(byte(k.state))
		w.Uint(l.counts[k])
	}
}

func (r *Row) write(w *image.Writer) {
	w.Raw(r.ID[:])
	w.Uint(r.ordinal)
	w.Raw(r.Heartbeat[:])
	w.Uint(uint64(r.Incident))
	w.Byte(byte(r.Kind))
	w.String(r.Recipient)
	w.Byte(byte(r.State))
	w.Uint(r.Term)
	w.Uint(uint64(r.Attempt))
	w.Byte(r.doubts)
	w.Bool(r.counted)
	w.Int(r.Due)
	w.Int(r.created)
	w.Int(r.sent)
	w.Int(r.NotBefore)
	w.Int(r.refused)
	w.String(r.Err)
	w.Raw(r.Answers[:])
	w.Raw(r.after[:])
	w.Raw(r.Digest[:])
	w.Count(len(r.Members))
	for _, m := range r.Members {
		w.Raw(m[:])
	}
	w.Raw([]byte(r.Evidence))
}

// Read is the inverse of Write, into an empty ledger.
func (l *Ledger) Read(r *image.Reader) {
	recipients := map[string]string{} // all rows of a recipient share the string
	for n := r.Count(); n > 0 && r.OK(); n-- {
		x := readRow(r)
		if _, known := recipients[x.Recipient]; !known {
			recipients[x.Recipient] = x.Recipient
		}
		x.Recipient = recipients[x.Recipient]
		if r.OK() && l.Rows[x.ID] != nil {
			r.Fail()
		}
		if r.OK() {
			l.addToIndexes(x)
		}
	}
	for k := range l.order.All() { // only now, for a stage may depend on other rows
		l.enterStage(l.Rows[k.id])
	}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		l.windows[r.String()] = burstWindow{r.Int(), r.Count()}
	}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		l.counts[countKey{fsm.AlertKind(r.Byte()), fsm.AlertState(r.Byte())}] = r.Uint()
	}
}

func readRow(r *image.Reader) *Row {
	x := &Row{}
	r.Raw(x.ID[:])
	x.ordinal = r.Uint()
	r.Raw(x.Heartbeat[:])
	x.Incident, x.Kind, x.Recipient = r.Uint32(), fsm.AlertKind(r.Byte()), r.String()
	x.State, x.Term, x.Attempt = fsm.AlertState(r.Byte()), r.Uint(), r.Uint32()
	x.doubts, x.counted = r.Byte(), r.Bool()
	x.Due, x.created, x.sent, x.NotBefore, x.refused = r.Int(), r.Int(), r.Int(), r.Int(), r.Int()
	x.Err = r.String()
	r.Raw(x.Answers[:])
	r.Raw(x.after[:])
	r.Raw(x.Digest[:])
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var m fsm.AlertID
		r.Raw(m[:])
		x.Members = append(x.Members, m)
	}
	x.Evidence = Pack(readEvidence(r))
	if x.Kind.String() == "unknown" || x.State.String() == "unknown" || x.doubts > fsm.MaxDoubts {
		r.Fail()
	}
	return x
}

func readEvidence(r *image.Reader) fsm.Evidence {
	e := fsm.Evidence{
		Name: r.String(), LastPing: fsm.WallTime(r.Int()), LastFrom: r.String(), Interval: r.Int(), Grace: r.Int(),
		Threshold: r.Count(), Misses: r.Int(), Pings: r.Uint(), Due: fsm.WallTime(r.Int()),
		Silent: time.Duration(r.Int()) * time.Millisecond,
	}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		e.Gaps = append(e.Gaps, fsm.Gap{From: fsm.WallTime(r.Int()), To: fsm.WallTime(r.Int())})
	}
	e.Failed, e.Exit, e.Started, e.Output = r.Bool(), r.Count(), fsm.WallTime(r.Int()), r.String()
	e.Flaps, e.Within = r.Int(), time.Duration(r.Int())*time.Millisecond
	e.Since, e.Down = fsm.WallTime(r.Int()), time.Duration(r.Int())*time.Millisecond
	e.Failures, e.Clean = r.Int(), r.Bool()
	rule := r.Byte()
	e.Rule, e.Resumed = fsm.Rule(rule&^hasMore), fsm.WallTime(r.Int())
	if rule&hasMore != 0 && !readMore(r.Bytes(), &e) {
		r.Fail()
	}
	return e
}

// Snapshot returns what an image needs: rows that never change, and copies of the rest.
func (l *Ledger) Snapshot() Ledger {
	return Ledger{Rows: maps.Clone(l.Rows), windows: maps.Clone(l.windows), flaps: flapWindows{of: maps.Clone(l.flaps.of)}, counts: maps.Clone(l.counts), refs: maps.Clone(l.refs)}
}

// WriteFlaps writes the flap windows, in the order of their ends.
func (l *Ledger) WriteFlaps(s *image.Section) {
	var ends []flapEnd // those of the ledger may change meanwhile
	for k, w := range l.flaps.of {
		ends = append(ends, flapEnd{w.until, k})
	}
	slices.SortFunc(ends, flapEnd.Compare)
	for _, e := range ends {
		item := wire.AppendString(wire.AppendUint(nil, e.of.ordinal), e.of.to)
		s.Add(wire.AppendUint(wire.AppendInt(item, e.until), uint64(l.flaps.of[e.of].incident)))
	}
}

// ReadFlap reads one of them.
func (l *Ledger) ReadFlap(item *wire.Reader) error {
	e := flapEnd{of: flapKey{item.Uint(), item.String()}, until: item.Int()}
	w := flapWindow{e.until, item.Uint32()}
	_, twice := l.flaps.of[e.of]
	if last, some := l.flaps.ends.Last(); !item.OK() || twice || some && last.Compare(e) >= 0 {
		return fsm.ErrCorrupt
	}
	l.putFlapWindow(e.of, w)
	return nil
}

// KeepRef keeps how a service names the message of a row. It reports whether it does.
func (l *Ledger) KeepRef(id fsm.AlertID, ref string) bool {
	if ref == "" || len(ref) > fsm.MaxRefLen || l.Rows[id] == nil {
		return false
	}
	if l.refs == nil {
		l.refs = map[fsm.AlertID]string{}
	}
	l.refs[id] = ref
	return true
}

// EachRef passes what KeepRef keeps, in the order of the IDs.
func (l *Ledger) EachRef(yield func(id fsm.AlertID, ref string)) {
	for _, id := range slices.SortedFunc(maps.Keys(l.refs), func(a, b fsm.AlertID) int { return bytes.Compare(a[:], b[:]) }) {
		yield(id, l.refs[id])
	}
}

// threadOf is how the service of a row names the message that the row answers, or its own.
func (now Now) threadOf(r *Row) string {
	for _, id := range []fsm.AlertID{r.ID, r.Answers} {
		x := now.Rows[id]
		if x == nil {
			continue
		}
		if ref := now.refs[now.carrierOf(x).ID]; ref != "" {
			return ref
		}
	}
	return ""
}

// ForgetTerms makes the rows in flight those of a leader that was lost.
func (l *Ledger) ForgetTerms() {
	for id, old := range l.Rows {
		r := *old // rows are shared with images
		r.Term = 0
		l.Rows[id] = &r
	}
}
