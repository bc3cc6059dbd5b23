package ledger

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"github.com/quorumbeat/quorumbeat/fsm/routing"
)

// troubleRows is how many rows of a lane are looked at for trouble.
const troubleRows = 100

// Explain says of each target of a heartbeat whether and when it is told of the incident that goes on, or
// would be of one that began now. It asks the functions that decide when rows are written and sent, and
// changes nothing. overruled are the defaults that others are chosen instead of.
func (now Now) Explain(r *table.Record) (list, overruled []routing.Target) {
	all := now.targetsOfSpec(&r.Cold.Spec)
	taken := now.targetsOf(r, fsm.AlertDown)
	for _, t := range all {
		x := now.describe(r, t)
		switch {
		case !t.on().Has(fsm.AlertDown):
			x.Not = routing.NotWanted
		case !slices.ContainsFunc(taken, t.isNamed):
			x.Not = routing.Twice
		case r.Is(table.Failing):
			now.explainOpen(&x, r, t)
		default:
			now.explainNext(&x, r, t)
		}
		list = append(list, x)
	}
	for _, t := range now.defaultTargets() {
		if !slices.ContainsFunc(all, t.isNamed) {
			x := now.describe(r, t)
			x.Not = routing.Overruled
			overruled = append(overruled, x)
		}
	}
	return list, overruled
}

func (t target) isNamed(other target) bool { return t.name == other.name }

// defaultTargets are told of heartbeats for which nothing else is chosen.
func (now Now) defaultTargets() (list []target) {
	for _, c := range now.Channels.Defaults() {
		list = append(list, targetsIn(c, routing.ByDefault)...)
	}
	return append(list, now.mailTo()...)
}

func (now Now) describe(r *table.Record, t target) routing.Target {
	x := routing.Target{Recipient: t.name, Address: t.address(), By: t.by}
	if t.channel != nil {
		c := *t.channel
		x.Channel = &c
	}
	for _, tag := range r.Cold.Spec.Tags {
		if t.by == routing.ByTag && x.Tag == "" && slices.Contains(t.channel.Spec.Tags, tag) {
			x.Tag = tag
		}
	}
	x.Trouble = now.troubleOf(t.name)
	return x
}

// explainNext says when a target would be told of an incident that began now.
func (now Now) explainNext(x *routing.Target, r *table.Record, t target) {
	row := Row{
		Kind: fsm.AlertDown, Recipient: t.name, Heartbeat: r.Cold.ID, ordinal: r.Ordinal, Incident: r.Incident + 1,
		Due: now.Serving, NotBefore: t.notBefore(fsm.AlertDown, now.Serving), State: fsm.AlertPending, counted: now.isAlone(t.name),
	}
	for _, old := range now.openRows(r, t.name) {
		if !old.IsCancellable() {
			row.after = old.ID
		}
	}
	x.Told, x.Waits = true, now.waitsOf(&row, t)
	x.At = latest(x.Waits)
}

// explainOpen says how far a target is told of the incident that goes on.
func (now Now) explainOpen(x *routing.Target, r *table.Record, t target) {
	rows := now.alarmRows(r)
	i := slices.IndexFunc(rows, func(a *Row) bool { return a.Recipient == t.name })
	if i < 0 {
		x.Not = routing.Began
		return
	}
	a := now.viewRow(rows[i])
	x.Alert = &a
	switch a.State {
	case fsm.AlertSent:
		x.Told, x.At = true, a.SentAt
	case fsm.AlertFailed:
		x.Not = routing.Failed
	case fsm.AlertHeld:
		x.Not = routing.Held
	case fsm.AlertCancelled:
		x.Not = routing.Cancelled
	default:
		x.Told, x.Waits = true, now.waitsOf(rows[i], t)
		x.At = latest(x.Waits)
	}
}

// waitsOf tells what a row waits for that has not gone out.
func (now Now) waitsOf(r *Row, t target) (waits []routing.Wait) {
	add := func(why routing.Reason, until int64, words string) {
		waits = append(waits, routing.Wait{For: why, Until: now.wallOf(until), Words: words})
	}
	if now.isBlocked(r) {
		add(routing.Before, 0, "")
	}
	if r.NotBefore > now.Serving {
		switch {
		case r.Err != "":
			add(routing.Retry, r.NotBefore, r.Err)
		default:
			add(routing.After, r.NotBefore, "")
		}
	}
	if d := now.deferralByFlapping(r); d.Until > now.Serving {
		add(routing.FlapWindow, d.Until, "")
	}
	if d := now.deferralOf(r); d.Until > now.Serving && d.For.For != "" {
		until, words := d.Until, d.For.Words()
		if c := now.channelWithHours(r.Recipient); d.For.For == fsm.WaitHours && !now.Windows.Knows(c.ID) {
			until, words = 0, words+", and when they are is not known yet: ask again in some seconds"
		}
		add(routing.Reason(d.For.For), until, words)
	}
	if b := now.burstOf(r.Recipient); now.needsBurst(r) && r.Digest == (fsm.AlertID{}) && b.left == 0 && b.until > now.Serving {
		add(routing.Burst, b.until, "")
	}
	return waits
}

// wallOf is when a serving time comes, about, by the wall; zero for 0 and for never.
func (now Now) wallOf(serving int64) time.Time {
	if serving == 0 || serving == timetable.Never {
		return time.Time{}
	}
	return fsm.WallTime(now.Wall + serving - now.Serving)
}

// latest is when the last of some waits ends; zero if none has an end that is known.
func latest(waits []routing.Wait) (at time.Time) {
	for _, w := range waits {
		if w.Until.After(at) {
			at = w.Until
		}
	}
	return at
}

// troubleOf tells what went wrong in sending to a recipient that is being tried again; "": nothing.
func (now Now) troubleOf(to string) string {
	x := now.lanes[laneName(to)]
	if x == nil {
		return ""
	}
	n := 0
	for k := range x.ready.All() {
		if r := now.Rows[k.id]; r.Recipient == to && r.Err != "" {
			return r.Err
		}
		if n++; n == troubleRows {
			break
		}
	}
	return ""
}
