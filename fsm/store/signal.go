package store

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/results"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// applySignal records a ping that tells something. A ping whose idempotency key is in the
// history already is a repeat, and changes nothing.
func (st *state) applySignal(c fsm.Signal) (code fsm.Code, numbersDropped bool) {
	page, slot := st.table.At(c.Ordinal)
	if page == nil {
		return fsm.CodeNotFound, false
	}
	if code := page.History.Answered(page.Head(slot), slot, c.IdempotencyKey); code != fsm.CodeNone {
		return code, false
	}
	st.countDueMisses(c.Ordinal)
	st.endPauseBy(c.Ordinal, st.serving)
	r := st.table.OwnRecord(c.Ordinal)
	r.Runs = st.table.OwnRuns(c.Ordinal)
	h := received{Signal: c, at: st.sentAt(c), before: r.LastPing, ended: r.Runs.Ended}
	if h.at < st.wall {
		h.late = true
		h.stale = h.at <= max(r.LastPing, r.AnchoredAt())
	}
	misses := r.Misses
	took := st.trackRun(r, &h)
	st.judgeRun(r, &h, took)
	st.recordSignal(r, &h, took)
	code = fsm.CodeOK
	if r.Is(table.Paused) {
		code = fsm.CodePaused
	}
	switch {
	case c.Tells == fsm.SignalLog || h.stale:
	case c.Tells == fsm.SignalStart:
		st.applyStart(r)
	case c.Tells == fsm.SignalFail || h.broke != "":
		st.applyFailure(r, &h)
	default:
		st.applySuccess(r, &h)
	}
	if r.Misses != misses || r.Pings == 1 {
		st.noteChange(r.Ordinal)
	}
	st.table.DropEmptyRuns(r)
	return code, h.dropped
}

// judgeRun says how a good run breaks what its heartbeat expects of it, if it does. What
// comes late, or while paused, is not judged.
func (st *state) judgeRun(r *table.Record, h *received, took int64) {
	if h.Tells != fsm.SignalSuccess || h.stale || r.Is(table.Paused) {
		return
	}
	run := results.Run{Signal: &h.Signal, Took: took}
	h.broke = r.Runs.Results.Judge(&r.Cold.Spec, run)
	r.Runs.Results = r.Runs.Results.Judged(&r.Cold.Spec, run, h.broke != "")
}

// sentAt returns the wall time at which a signal was sent. The time that a node held it
// counts for a start only: if its run has ended meanwhile, by way of another node, the
// start must not open it again. Other held signals are dated by their arrival.
func (st *state) sentAt(c fsm.Signal) int64 {
	switch {
	case c.At != 0:
		return min(c.At, st.wall)
	case c.Tells == fsm.SignalStart:
		return st.wall - c.Held
	}
	return st.wall
}

// received is a signal that is being applied.
type received struct {
	fsm.Signal
	at     int64  // wall: when it was first sent
	late   bool   // at is in the past
	stale  bool   // late, and a newer ping is known
	before int64  // the last ping before it
	ended  uint64 // the number of the last ping that ended a run

	broke   string // how a run that the job took for a good one broke a check: it is a failure
	dropped bool   // there was no room for some of its numbers
}

// recordSignal adds a signal to the history, with how long its run took.
func (st *state) recordSignal(r *table.Record, h *received, took int64) {
	x := r.Runs
	st.pings++
	r.Pings++
	d := history.Detail{
		Kind: h.Tells, Exit: h.Exit, HasRun: h.HasRun, Run: h.Run, Took: took,
		Late: table.ClampMillis(st.wall - h.at), ShortKey: history.ShortKey(h.IdempotencyKey), Paused: r.Is(table.Paused),
		Dropped: h.Dropped, Broke: h.broke,
	}
	if h.broke != "" {
		d.Kind = fsm.SignalFail
	}
	kept := min(uint64(r.Head.Kept)+1, uint64(st.settings.History))
	x.Results, d.Numbers, h.dropped = x.Results.Place(h.Numbers, r.Pings, r.Pings-kept+1)
	if !h.stale {
		x.Results = x.Results.WithLatest(h.Numbers)
	}
	page, slot := st.table.Own(r.Ordinal)
	if h.Tells.EndsRun() && (!h.late || h.at > r.LastPing) {
		r.LastPing = h.at
		st.table.Histories.AddFrom(&page.History, page, slot, st.wall, d, h.From, st.settings.History)
	} else {
		d.From = h.From
		st.table.Histories.Add(&page.History, page, slot, st.wall, d, st.settings.History)
	}
	st.table.KeepBody(r, h.Body)
	if h.Tells.EndsRun() && !h.stale {
		x.Ended, x.Exit, x.Took = r.Pings, h.Exit, took
	}
}

// applyStart arms a heartbeat that waits for its first ping: a job that reports its starts
// shall be reported if it hangs.
func (st *state) applyStart(r *table.Record) {
	if !r.Is(table.Armed) {
		r.Set(table.Armed)
		st.anchorNow(r, 0)
	}
	st.scheduleNext(r)
}

// applyFailure makes a heartbeat failing at once, whatever its threshold of misses; if it has
// one of failures, when that is reached.
func (st *state) applyFailure(r *table.Record, h *received) {
	r.Set(table.Armed)
	if r.Is(table.Paused) {
		st.seeWhilePaused(r, false, 0)
		return
	}
	c := cause{due: st.serving, created: st.wall, failed: h}
	inRow, most := r.Runs.Results.FailuresInARow()+1, r.Cold.Spec.FailuresToAlert()
	r.Runs.Results = r.Runs.Results.WithFailures(min(inRow, most-1))
	c.tolerated = inRow < most
	if !r.Is(table.Failing) {
		st.giveAnchor(r, st.anchorOf(r, h))
		if c.tolerated {
			r.ResetRule()
			st.scheduleNext(r)
			return
		}
		st.beginIncident(r, c)
		return
	}
	st.countMissesUntil(r, st.horizon)
	st.giveAnchor(r, st.anchorOf(r, h))
	endSilence(&r.Runs.Incident, r, h)
	st.failAgain(r, c)
}

// applySuccess records a good run. One that came so late that the next is overdue already
// does not end an incident.
func (st *state) applySuccess(r *table.Record, h *received) {
	r.Set(table.Armed)
	if r.Is(table.Paused) {
		st.seeWhilePaused(r, true, h.at)
		return
	}
	r.Runs.Results = r.Runs.Results.WithFailures(0)
	a := st.anchorOf(r, h)
	if r.Is(table.Failing) && a.misses > 0 {
		st.countMissesUntil(r, st.horizon)
		endSilence(&r.Runs.Incident, r, h)
		st.giveAnchor(r, a)
		return
	}
	if r.Is(table.Failing) {
		st.recoverBy(r, h)
	} else {
		st.recoverResumed(r, h)
	}
	r.ResetRule()
	st.giveAnchor(r, a)
	st.scheduleNext(r)
}

// anchor is the beginning of a schedule, and the misses since.
type anchor struct{ serving, wall, misses int64 }

// giveAnchor gives a heartbeat an anchor.
func (st *state) giveAnchor(r *table.Record, a anchor) {
	st.table.Reanchor(r, a.serving, a.wall, 0)
	r.Misses = a.misses
}

// anchorOf returns the anchor that a ping makes: the time at which it was sent. Since the
// old anchor, wall time ran ahead of serving time by what the cluster lost. For a late
// ping all of that loss is taken to lie after it: so the anchor is never too early, and
// the monitor's own trouble makes no miss.
func (st *state) anchorOf(r *table.Record, h *received) anchor {
	if !h.late {
		return anchor{st.serving, st.anchorWall(r.Hot), 0}
	}
	lost := max(0, st.wall-r.AnchorWall-(st.serving-r.Anchor))
	a := anchor{max(r.Anchor, st.serving-max(0, st.wall-h.at-lost)), h.at, 0}
	// What was due since then is missed and counted already; it does not count again.
	a.misses = r.MissesSince(a.serving, a.wall, st.horizon)
	return a
}

// trackRun opens or closes runs, and returns how many ms the ended run took, or
// fsm.NotKnown.
func (st *state) trackRun(r *table.Record, h *received) (took int64) {
	switch {
	case h.Tells == fsm.SignalStart:
		r.Runs.BeginRun(st.newRun(r, h))
	case h.Tells.EndsRun():
		return r.Runs.EndRun(table.RunEnd{Named: h.HasRun, ID: h.Run, All: !h.HasRun || h.Tells == fsm.SignalFail, At: h.at, Late: h.late})
	}
	return fsm.NotKnown
}

// newRun returns the run that a signal begins. Its time counts from the arrival of the
// start, also of a late one: its end will probably come late as well.
func (st *state) newRun(r *table.Record, h *received) table.OpenRun {
	o := table.OpenRun{Named: h.HasRun, ID: h.Run, Start: st.serving, Wall: st.wall, Late: table.ClampMillis(st.wall - h.at)}
	if !h.stale {
		o.Deadline = st.serving + r.RunLimit()
	}
	return o
}

// failOverdue makes a failure of a run that did not end in time, unless its end may have
// fallen into a gap. The run was the expected one, so the next is expected an interval
// after its start, unless another one was good or was missed meanwhile.
func (st *state) failOverdue(r *table.Record, o *table.OpenRun) {
	c := cause{due: o.Deadline, created: st.wallOfDeadline(o.Deadline), run: o.Copy()}
	o.Deadline = 0
	excused := st.gaps.excusesRun(c.run)
	if r.Is(table.Failing) {
		if !excused {
			st.countMissesUntil(r, c.due)
			st.failAgain(r, c)
		}
		return
	}
	if c.run.Start > r.Anchor && (r.Misses == r.Carried || c.run.Start >= r.LastMiss()) {
		st.table.Reanchor(r, c.run.Start, c.run.Wall, r.Misses)
	}
	switch {
	case !excused:
		st.beginIncident(r, c)
	case !r.Is(table.Unheard):
		st.reportUnheard(r, c)
	}
}
