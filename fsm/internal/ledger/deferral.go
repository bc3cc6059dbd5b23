package ledger

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"github.com/quorumbeat/quorumbeat/fsm/internal/windows"
)

// A row is deferred while something keeps it back, though its time has come: its flap window, a maintenance
// window, a failure of what its heartbeat depends on, or the hours of its channel.
// That is asked of the state where a row is claimed and fenced, and where a digest is formed, and
// nowhere written down: so nobody is told early, whoever leads, and whatever was changed since the
// row was written. What senders look at files a deferred row under the time until which it has to
// wait ([Row.wait]), on the node that leads alone; [Ledger.Reconsider] has them look again.

// Deferral is until when a row has to wait, and for what. Zero: it need not.
type Deferral struct {
	Until int64 // serving; timetable.Never: until the state changes
	For   fsm.Wait
	Again int64 // serving: it may end by then already, without a word; 0: it does not
}

// lookAt is when to look again whether a row has to wait.
func (d Deferral) lookAt() int64 {
	if d.Again > 0 {
		return min(d.Again, d.Until)
	}
	return d.Until
}

// LookAgain is after how long, in ms of serving time, a row is looked at again that may go without a word from the state: one that
// waits for a heartbeat that is late, whose ping is told to nobody.
const LookAgain = 5000

// byHand is the NotBefore of a row that somebody wants sent: nothing defers it.
const byHand = -1

// deferralOf returns what keeps a row back now.
func (now Now) deferralOf(r *Row) (d Deferral) {
	switch {
	case r.NotBefore == byHand:
	case r.Kind == fsm.AlertDigest:
		return now.deferralOfDigest(r)
	default:
		d = now.deferralByWindow(r)
		for _, x := range [...]Deferral{now.deferralByFlapping(r), now.deferralByDependency(r), now.deferralByHours(r)} {
			if x.Until > d.Until {
				d = x
			}
		}
	}
	return d
}

// deferralByDependency returns what a heartbeat keeps back on which that of a row depends: what a maintenance
// window would, but not that it could not be heard.
func (now Now) deferralByDependency(r *Row) (d Deferral) {
	if now.Depends == nil || !r.Kind.Alarms() && (r.Kind != fsm.AlertRecovered || r.Answers != (fsm.AlertID{})) {
		return d
	}
	if d = now.Depends(r.ordinal, r.Due); d.Until != 0 && r.Kind == fsm.AlertRecovered && r.Evidence.Unpack().Flaps == 0 {
		return Deferral{}
	}
	return d
}

// deferralByHours returns what the hours of its channel keep back: everything.
func (now Now) deferralByHours(r *Row) (d Deferral) {
	if c := now.channelWithHours(r.Recipient); c != nil {
		if until, _ := now.Windows.Hours(c.ID, now.Clock, now.Serving); until > 0 {
			d = Deferral{Until: until, For: fsm.Wait{For: fsm.WaitHours, ID: c.ID.String(), Name: c.Spec.Name}}
		}
	}
	return d
}

// channelWithHours returns the channel that a recipient names, if that has hours; else nil.
func (now Now) channelWithHours(recipient string) *fsm.Channel {
	if now.Windows == nil || !now.Windows.HasHours() {
		return nil
	}
	if c := now.channelOf(recipient); c != nil && c.Spec.Hours != "" {
		return c
	}
	return nil
}

// openedFor returns since when the hours of a recipient are; 0 if it has none, or they are not. What
// waited for that goes out as a digest.
func (now Now) openedFor(recipient string) (opened int64) {
	if c := now.channelWithHours(recipient); c != nil {
		_, opened = now.Windows.Hours(c.ID, now.Clock, now.Serving)
	}
	return opened
}

// deferralByWindow returns what a maintenance window keeps back: that its heartbeat fails, or could not
// be heard; of recoveries only one that tells of nothing but failures that nobody was told of.
func (now Now) deferralByWindow(r *Row) (d Deferral) {
	if r.ordinal > fsm.SystemOrdinals { // the monitor itself has no maintenance
		return d
	}
	if !r.Kind.Alarms() && r.Kind != fsm.AlertUnheard && (r.Kind != fsm.AlertRecovered || r.Answers != (fsm.AlertID{})) {
		return d
	}
	until, by := now.Windows.Defers(now.Clock, now.Serving, r.Due, func() windows.Subject { return now.subjectOf(r) })
	if until == 0 || r.Kind == fsm.AlertRecovered && r.Evidence.Unpack().Flaps == 0 {
		return d
	}
	return Deferral{Until: until, For: by}
}

func (now Now) subjectOf(r *Row) (s windows.Subject) {
	if now.Table != nil && now.Table.Has(r.ordinal) {
		h := now.Table.Record(r.ordinal)
		s = windows.Subject{Tags: h.Cold.Spec.Tags, Grace: h.Grace()}
	}
	return s
}

// deferralOfDigest returns what keeps a digest back. One that no sender ever had waits as soon as one of its rows
// has to: it is dissolved then. Any other goes its way once one of them may.
func (now Now) deferralOfDigest(r *Row) (d Deferral) {
	for i, id := range r.Members {
		m := now.Rows[id]
		if m == nil {
			continue
		}
		x := now.deferralOf(m)
		if i == 0 || r.Attempt == 0 && x.Until > d.Until || r.Attempt > 0 && x.Until < d.Until {
			d = x
		}
		if r.Attempt > 0 && d.Until == 0 {
			break // nothing is earlier
		}
	}
	return d
}

func (now Now) isDeferred(r *Row) bool { return now.deferralOf(r).Until > now.Serving }

// putBack takes a deferred row from its sender, who has not sent it.
func (now Now) putBack(r *Row) {
	switch {
	case r.State == fsm.AlertClaimed:
		now.finishAttempt(r, func(r *Row) { r.State = fsm.AlertPending })
	case r.Kind == fsm.AlertDigest && r.Attempt == 0:
		now.dissolve(r)
	}
}

// dissolve undoes a digest that no sender ever had. What happened to its rows' incidents since it was
// formed counts as if they had waited alone.
func (now Now) dissolve(digest *Row) {
	now.dropRow(digest)
	for _, m := range digest.Members {
		if now.Rows[m] != nil {
			now.changeRow(m, func(r *Row) {
				r.Digest, r.counted = fsm.AlertID{}, false
				now.silenceIfQuiet(r)
			})
			now.yieldToNewer(m)
		}
	}
	for _, m := range digest.Members {
		if r := now.Rows[m]; r != nil && r.Kind.Alarms() && r.IsCancellable() && now.watch.OpenIncident(r.ordinal) != r.Incident {
			now.cancelRow(m, overUnsent)
		}
	}
}

// fileAway files a row under the time until which it has to wait.
func (l *Ledger) fileAway(id fsm.AlertID, until int64) {
	old := l.Rows[id]
	r := *old
	r.wait = until
	l.replaceRow(old, &r)
	if until == 0 {
		delete(l.deferred, id)
		return
	}
	l.deferred[id] = struct{}{}
}

// Reconsider has senders look again at the rows that were deferred, for something that may keep
// them back has changed.
func (l *Ledger) Reconsider() {
	for id := range l.deferred {
		if l.Rows[id] == nil {
			delete(l.deferred, id)
			continue
		}
		l.fileAway(id, 0)
	}
	l.Changed = true
}

// HasDeferred reports whether any row is filed away, on this node.
func (l *Ledger) HasDeferred() bool { return len(l.deferred) > 0 }

// ReconsiderOf is Reconsider for the rows of one heartbeat.
func (l *Ledger) ReconsiderOf(hb fsm.HeartbeatID) {
	for _, k := range l.byHeartbeat[hb] {
		if l.Rows[k.id].wait != 0 {
			l.fileAway(k.id, 0)
			l.Changed = true
		}
	}
}

// viewWait tells until when a row that waits does so, by the wall, and for what. A row of a digest that no sender ever
// had tells of itself: a digest that had to wait would be dissolved. (To ask the digest, which asks all of its rows, for
// each of them took half a minute of a storm of 10,000.)
func (now Now) viewWait(r *Row, a *fsm.Alert) {
	carrier := now.carrierOf(r)
	until, asked := carrier.NotBefore, carrier
	if carrier.Attempt == 0 && carrier.NotBefore != byHand {
		asked = r
	}
	if d := now.deferralOf(asked); d.Until > now.Serving {
		until = max(until, d.Until)
		a.WaitsFor = d.For
	}
	if until > now.Serving && until != timetable.Never {
		a.Waits = fsm.WallTime(now.Wall + until - now.Serving)
	}
}
