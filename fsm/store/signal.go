package store

import (
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// signal records a ping that tells something. One whose key is in the history
// already is the same ping again, and changes nothing.
func (st *state) signal(c fsm.Signal) fsm.Code {
	page, slot := st.table.at(c.Ordinal)
	if page == nil {
		return fsm.CodeNotFound
	}
	if code := page.hist.Answered(slot, c.Key); code != fsm.CodeNone {
		return code
	}
	st.takeMisses(c.Ordinal)
	r := st.table.open(c.Ordinal)
	r.extras = st.table.ownExtras(c.Ordinal)
	h := heard{Signal: c, at: st.sentAt(c), before: r.lastPing, ended: r.extras.ended}
	if h.at < st.wall {
		h.late = true
		h.stale = h.at <= max(r.lastPing, r.anchorWall)
	}
	st.noteSignal(r, &h, st.track(r, &h))
	code := fsm.CodeOK
	if r.is(flagPaused) {
		code = fsm.CodePaused
	}
	switch {
	case c.Tells == fsm.SignalLog || h.stale:
	case c.Tells == fsm.SignalStart:
		st.started(r)
	case c.Tells == fsm.SignalFail:
		st.failed(r, &h)
	default:
		st.succeeded(r, &h)
	}
	st.table.shed(r)
	return code
}

// sentAt is when a signal was sent, by the wall. How long a node held one counts for
// a start only: if its run has ended meanwhile, by way of another node, it must not
// open that again. Whatever else a node holds is dated when it comes.
func (st *state) sentAt(c fsm.Signal) int64 {
	switch {
	case c.At != 0:
		return min(c.At, st.wall)
	case c.Tells == fsm.SignalStart:
		return st.wall - c.Held
	}
	return st.wall
}

// heard is a signal on its way into the state.
type heard struct {
	fsm.Signal
	at     int64  // wall: when it was sent first
	late   bool   // at is in the past
	stale  bool   // late, and something newer is known already
	before int64  // the last ping before it
	ended  uint64 // and the number of the one that ended a run
}

// noteSignal files a signal in the history, with how long its run took.
func (st *state) noteSignal(r *record, h *heard, took int64) {
	x := r.extras
	st.pings++
	r.pings++
	d := history.Detail{
		Kind: h.Tells, Exit: h.Exit, HasRun: h.HasRun, Run: h.Run, Took: took,
		Late: millis(st.wall - h.at), Key: history.ShortKey(h.Key), Paused: r.is(flagPaused),
		Dropped: h.Dropped,
	}
	page, slot := st.table.own(r.ord)
	if h.Tells.Ends() && (!h.late || h.at > r.lastPing) {
		r.lastPing = h.at
		st.table.history.AddFrom(&page.hist, slot, st.wall, d, h.From, st.settings.History)
	} else {
		d.From = h.From
		st.table.history.Add(&page.hist, slot, st.wall, d, st.settings.History)
	}
	st.table.keepBody(r, h.Body)
	if h.Tells.Ends() && !h.stale {
		x.ended, x.exit, x.took = r.pings, h.Exit, took
	}
}

// started arms a heartbeat that waits for its first ping: who tells of a start
// wants to know if it hangs.
func (st *state) started(r *record) {
	if !r.is(flagArmed) {
		r.set(flagArmed)
		r.reanchor(st, 0)
	}
	st.reschedule(r)
}

// failed makes a heartbeat failing at once.
func (st *state) failed(r *record, h *heard) {
	r.set(flagArmed)
	if r.is(flagPaused) {
		return
	}
	c := cause{due: st.serving, created: st.wall, failed: h}
	if !r.is(flagFailing) {
		r.anchored(st.anchorOf(r, h))
		st.fail(r, c)
		return
	}
	st.countOn(r, st.horizon)
	r.anchored(st.anchorOf(r, h))
	r.extras.incident.hear(r, h)
	st.again(r, c)
}

// succeeded is a good run. One that came so late that the next is overdue already
// does not end an incident.
func (st *state) succeeded(r *record, h *heard) {
	r.set(flagArmed)
	if r.is(flagPaused) {
		return
	}
	a := st.anchorOf(r, h)
	if r.is(flagFailing) && a.misses > 0 {
		st.countOn(r, st.horizon)
		r.extras.incident.hear(r, h)
		r.anchored(a)
		return
	}
	if r.is(flagFailing) {
		st.recover(r, h)
	}
	r.usual()
	r.anchored(a)
	st.reschedule(r)
}

// anchor is where a schedule begins anew, and what was missed since.
type anchor struct{ serving, wall, misses int64 }

func (v *vitals) anchored(a anchor) {
	v.anchor, v.anchorWall, v.base, v.misses = a.serving, a.wall, 0, a.misses
}

// anchorOf returns the anchor that a ping makes: the time at which it was sent.
// From the old anchor to now, wall time ran ahead of serving time by what the
// cluster lost. All of that is taken to be lost after a ping that came late: so
// the anchor is never too early, and the monitor's own trouble makes no miss.
func (st *state) anchorOf(r *record, h *heard) anchor {
	if !h.late {
		return anchor{st.serving, st.wall, 0}
	}
	lost := max(0, st.wall-r.anchorWall-(st.serving-r.anchor))
	a := anchor{max(r.anchor, st.serving-max(0, st.wall-h.at-lost)), h.at, 0}
	// What fell due since then was missed, and counted; it does not count again.
	if over := st.horizon - a.serving - r.grace(); over > 0 {
		a.misses = over / r.interval()
	}
	return a
}

// millis is a length of time within what is kept of one.
func millis(ms int64) int64 { return min(max(ms, 0), math.MaxInt64/2) }
