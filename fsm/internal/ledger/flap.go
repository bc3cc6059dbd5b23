package ledger

import (
	"cmp"
	"math"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ordered"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// A flap window is of a heartbeat and a recipient. It opens when an alert of the heartbeat came to something
// there, and while it lasts what the recipient is told of later incidents waits, as for anything that
// defers a row: see deferral.go. So nobody waits for what others were told, or for what nobody was.

// flapKey names the flap window of a heartbeat and a recipient.
type flapKey struct {
	ordinal uint64
	to      string
}

// flapWindow lasts until a serving time, and lets the incident go on that was told, and those before it.
type flapWindow struct {
	until    int64
	incident uint32
}

// flapEnd orders the windows by their ends.
type flapEnd struct {
	until int64
	of    flapKey
}

func (a flapEnd) Compare(b flapEnd) int {
	return cmp.Or(cmp.Compare(a.until, b.until), cmp.Compare(a.of.ordinal, b.of.ordinal), cmp.Compare(a.of.to, b.of.to))
}

// flapWindows holds the windows until all that was due in them is judged.
type flapWindows struct {
	of   map[flapKey]flapWindow
	ends ordered.Set[flapEnd]
}

func newFlapWindows() flapWindows { return flapWindows{of: map[flapKey]flapWindow{}} }

func (l *Ledger) putFlapWindow(k flapKey, w flapWindow) {
	if old, ok := l.flaps.of[k]; ok {
		l.flaps.ends.Remove(flapEnd{old.until, k})
	}
	l.flaps.of[k] = w
	l.flaps.ends.Add(flapEnd{w.until, k})
	l.noteFlapsEnd()
}

func (l *Ledger) noteFlapsEnd() {
	l.FlapsEnd = math.MaxInt64
	if e, some := l.flaps.ends.First(); some {
		l.FlapsEnd = e.until
	}
}

// EndFlaps forgets the windows that had ended by a serving time up to which all is judged.
func (l *Ledger) EndFlaps(judged int64) {
	for e, some := l.flaps.ends.First(); some && e.until <= judged; e, some = l.flaps.ends.First() {
		l.flaps.ends.Remove(e)
		delete(l.flaps.of, e.of)
	}
	l.noteFlapsEnd()
}

// ForgetFlaps forgets all windows: the next to open are of another length.
func (l *Ledger) ForgetFlaps() {
	l.flaps = newFlapWindows()
	l.noteFlapsEnd()
	l.Reconsider()
}

// cameThrough reports whether an attempt reached its recipient, may have, or found one that takes nothing: who
// takes nothing is tried no more often than others.
func cameThrough(before, after *Row) bool {
	return after.State == fsm.AlertSent || after.State == fsm.AlertFailed || after.doubts > before.doubts
}

// openFlapWindow opens the flap window of a row that came through. A recovery opens one only if it tells
// of incidents that were held back.
func (now Now) openFlapWindow(r *Row) {
	if now.Settings.FlapWindow == 0 || !r.Kind.Alarms() && (r.Kind != fsm.AlertRecovered || r.Evidence.Unpack().Flaps == 0) {
		return
	}
	k := flapKey{r.ordinal, r.Recipient}
	now.putFlapWindow(k, flapWindow{until: now.Serving + now.Settings.FlapWindow, incident: max(now.newestTold(r), now.flaps.of[k].incident)})
	now.ReconsiderOf(r.Heartbeat)
}

// newestTold returns the newest incident that the recipient of a row knows of once it came through: not the
// row's own, if it is of an older one and was sent again by hand.
func (now Now) newestTold(r *Row) uint32 {
	newest := r.Incident
	for _, k := range now.byHeartbeat[r.Heartbeat] {
		x := now.Rows[k.id]
		if x.Incident > newest && x.ordinal == r.ordinal && x.Recipient == r.Recipient && x.Kind.Alarms() && now.CarrierState(x) == fsm.AlertSent {
			newest = x.Incident
		}
	}
	return newest
}

// flapsUntil returns until when a recipient is told nothing of an incident that began at a serving time; 0: it is
// told at once.
func (now Now) flapsUntil(k flapKey, incident uint32, at int64) int64 {
	if w := now.flaps.of[k]; incident > w.incident && at < w.until {
		return w.until
	}
	return 0
}

// deferralByFlapping returns what the flap window of a row keeps back: what it tells of a later incident
// than the window let out.
func (now Now) deferralByFlapping(r *Row) Deferral {
	if !r.Kind.Alarms() && r.Kind != fsm.AlertRecovered {
		return Deferral{}
	}
	return Deferral{Until: now.flapsUntil(flapKey{r.ordinal, r.Recipient}, r.Incident, now.Serving)}
}

// countFlap counts an incident that begins at a serving time, and tells in its evidence how many of the heartbeat
// began since another one, less than a flap window before.
func (now Now) countFlap(e *fsm.Evidence, r *table.Record, at int64) {
	if r.Flaps == 0 || at >= r.FlapStart+now.Settings.FlapWindow {
		r.FlapStart, r.Flaps = at, 0
	}
	e.Flaps, e.Within = int64(r.Flaps), time.Duration(at-r.FlapStart)*time.Millisecond
	r.Flaps++
}

// countHeldBack has a row that a flap window holds back tell of what begins in that window: of itself, so far.
func (now Now) countHeldBack(x *Row, ordinal uint64, incident uint32) {
	until := now.flapsUntil(flapKey{ordinal, x.Recipient}, incident, x.Due)
	if until == 0 {
		return
	}
	e := x.Evidence.Unpack()
	e.Flaps, e.Within = 1, time.Duration(max(0, x.Due-until+now.Settings.FlapWindow))*time.Millisecond
	x.Evidence = Pack(e)
}
