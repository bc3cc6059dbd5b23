package fsm

import (
	"math"
	"net/netip"
)

// SignalKind is what a ping tells.
type SignalKind uint8

const (
	SignalSuccess SignalKind = 0 // also exit status 0
	SignalStart   SignalKind = 1
	SignalFail    SignalKind = 2 // alerts at once, whatever the threshold
	SignalLog     SignalKind = 3 // a note that changes nothing
)

var signalNames = [...]string{
	SignalSuccess: "success", SignalStart: "start", SignalFail: "fail", SignalLog: "log",
}

func (k SignalKind) String() string { return nameOf(signalNames[:], int(k)) }

// ends reports whether a run is over with it.
func (k SignalKind) ends() bool { return k == SignalSuccess || k == SignalFail }

// Signal is a ping that carries more than "a good run just ended". A plain ping
// stays PingOrdinal (a few bytes). Result: CodeOK, CodePaused or CodeNotFound; its
// Data is BodyDropped if the body was left out.
type Signal struct {
	Ordinal uint64
	From    netip.Addr
	Tells   SignalKind
	Exit    int // exit status 0-255; -1: none given
	HasRun  bool
	Run     [16]byte // run ID (rid), if HasRun
	At      int64    // original wall time in Unix ms of a ping delivered late; 0: now
	Key     [16]byte // first half of the SHA-256 of the Idempotency-Key; zero: none
	Body    []byte   // at most MaxBody bytes, already cut on a UTF-8 boundary
	Dropped int      // bytes of the body that a node left out, all of it; 0: none. Then Body is empty
	Held    int64    // ms that a node held it before it sent it on; 0: not worth telling
}

// BodyDropped is the Data of a signal's result when its body was not kept.
var BodyDropped = []byte{1}

// WithoutBody is the signal as it is recorded when there is no room for its body.
func (c Signal) WithoutBody() Signal {
	if len(c.Body) > 0 {
		c.Body, c.Dropped = nil, len(c.Body)
	}
	return c
}

// result tells who sent the signal whether its body was kept.
func (c Signal) result(code Code) Result {
	if c.Dropped > 0 && code != CodeNotFound {
		return Result{Code: code, Data: BodyDropped}
	}
	return Result{Code: code}
}

func (c Signal) Kind() Kind {
	if c.Held > 0 {
		return KindHeldSignal
	}
	return KindSignal
}

// signal records a ping that tells something. One whose key is in the history
// already is the same ping again, and changes nothing.
func (st *state) signal(c Signal) Code {
	page, slot := st.table.at(c.Ordinal)
	if page == nil {
		return CodeNotFound
	}
	if code := page.answered(slot, c.Key); code != CodeNone {
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
	code := CodeOK
	if r.is(flagPaused) {
		code = CodePaused
	}
	switch {
	case c.Tells == SignalLog || h.stale:
	case c.Tells == SignalStart:
		st.started(r)
	case c.Tells == SignalFail:
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
func (st *state) sentAt(c Signal) int64 {
	switch {
	case c.At != 0:
		return min(c.At, st.wall)
	case c.Tells == SignalStart:
		return st.wall - c.Held
	}
	return st.wall
}

// heard is a signal on its way into the state.
type heard struct {
	Signal
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
	d := detail{
		kind: h.Tells, exit: h.Exit, hasRun: h.HasRun, run: h.Run, took: took,
		late: millis(st.wall - h.at), key: shortKey(h.Key), paused: r.is(flagPaused),
		dropped: h.Dropped,
	}
	next := r.callers()
	if h.Tells.ends() && (!h.late || h.at > r.lastPing) {
		r.lastPing = h.at
		d.callers, d.lost = next.heard(h.From)
	} else {
		d.from = h.From
	}
	page, slot := st.table.own(r.ord)
	st.table.note(page, slot, st.wall, d.append(nil), st.settings.History)
	r.setCallers(next)
	st.table.keepBody(r, h.Body)
	if h.Tells.ends() && !h.stale {
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
