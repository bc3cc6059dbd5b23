package store

import (
	"math"
	"reflect"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// recoverBy ends a heartbeat's incident by a good run, and writes the recovery alerts.
func (st *state) recoverBy(r *table.Record, h *received) {
	endSilence(&r.Runs.Incident, r, h)
	ended := st.endIncident(r, incident.Recovered)
	e := st.recoveryEvidence(r, ended)
	e.Clean = h.Exit == 0
	st.ledgerNow().WriteRecoveries(r, e)
}

func (st *state) createHeartbeat(c fsm.Create) fsm.Result {
	if c.Spec.Validate() != nil {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	if st.byID(c.ID) != 0 || st.isTaken(c.Token) {
		return fsm.Result{Code: fsm.CodeExists}
	}
	if code := st.checkQuotas(); code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	c.Spec.Tags, c.Spec.Emails, c.Spec.Methods = fsm.Canonical(c.Spec.Tags), fsm.Canonical(c.Spec.Emails), fsm.Canonical(c.Spec.Methods)
	c.Spec.Checks, c.Spec.Schedule = fsm.Canonical(c.Spec.Checks), fsm.Canonical(c.Spec.Schedule)
	c.Spec.DependsOn = fsm.Canonical(c.Spec.DependsOn)
	if st.link(st.created+1, c.ID, &fsm.Spec{}, &c.Spec) != nil {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	st.created++
	ord := st.created
	r := st.table.Add(ord, table.Cold{
		ID: c.ID, Token: c.Token, Spec: c.Spec, Created: st.wall, Updated: st.wall, Version: 1, Maker: st.commandKey,
	})
	st.countMade(st.commandKey, 1)
	st.beginTimetable(r)
	st.anchorNow(r, 0)
	if c.Spec.Arm != fsm.ArmFirstPing {
		r.Set(table.Armed)
	}
	st.indexHeartbeat(ord, c.ID, c.Token, c.Spec.Slug)
	st.scheduleNext(r)
	st.noteChange(ord)
	return st.heartbeatResult(r)
}

// openForEdit counts a heartbeat's misses and returns it for a command that edits it.
func (st *state) openForEdit(id fsm.HeartbeatID, ifVersion uint64) (*table.Record, fsm.Code) {
	ord := st.byID(id)
	if ord == 0 {
		return nil, fsm.CodeNotFound
	}
	st.countDueMisses(ord)
	st.endPauseBy(ord, st.serving)
	r := st.table.OwnRecord(ord)
	if ifVersion != 0 && ifVersion != r.Cold.Version {
		return nil, fsm.CodeConflict
	}
	return r, fsm.CodeOK
}

func (st *state) heartbeatResult(r *table.Record) fsm.Result {
	return fsm.Result{Code: fsm.CodeOK, Data: fsm.EncodeHeartbeat(st.viewHeartbeat(r))}
}

// saveEdit stores a heartbeat's new spec, of a wall time, under the next version.
func (st *state) saveEdit(r *table.Record, spec fsm.Spec, wall int64) {
	st.changed = append(st.changed, fsm.Change{Ordinal: r.Ordinal, Lost: without(r.Cold.Spec.Tags, spec.Tags)})
	r.Cold.Spec = spec
	r.Cold.Version++
	r.Cold.Updated = wall
	st.table.SetCold(r)
}

// without returns what is in one list and not in the other.
func without(list, other []string) (out []string) {
	for _, x := range list {
		if !slices.Contains(other, x) {
			out = append(out, x)
		}
	}
	return out
}

func (st *state) updateHeartbeat(c fsm.Update) fsm.Result {
	r, code := st.openForEdit(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	old := r.Cold.Spec
	spec := c.Patch.Apply(old)
	if spec.Validate() != nil || st.link(r.Ordinal, c.ID, &old, &spec) != nil {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	if !reflect.DeepEqual(spec, old) {
		st.changeSpec(r, spec)
	}
	switch {
	case c.Pause == nil:
		return st.heartbeatResult(r)
	case *c.Pause && r.Is(table.Paused): // whoever sends back what was read says nothing of the end
		return st.heartbeatResult(r)
	case *c.Pause:
		return st.pauseHeartbeat(fsm.Pause{ID: c.ID})
	}
	return st.resumeHeartbeat(fsm.Resume{ID: c.ID})
}

// changeSpec applies an edit of a heartbeat's fields.
func (st *state) changeSpec(r *table.Record, spec fsm.Spec) {
	old := r.Cold.Spec
	// Misses are counted with the old interval before the new one applies.
	if r.Is(table.Failing) {
		st.countMissesUntil(r, st.horizon)
	}
	st.saveEdit(r, spec, st.wall)
	st.tellEdit(r, &old)
	if spec.Slug != old.Slug {
		st.slugs.Remove(old.Slug, r.Ordinal)
		st.slugs.Add(spec.Slug, r.Ordinal)
	}
	if spec.TZ != old.TZ || !slices.Equal(spec.Schedule, old.Schedule) {
		st.beginTimetable(r)
	}
	if spec.Interval != old.Interval || spec.Grace != old.Grace || spec.TZ != old.TZ || !slices.Equal(spec.Schedule, old.Schedule) {
		st.anchorNow(r, r.Misses)
	}
	if spec.Interval != old.Interval || spec.Grace != old.Grace || spec.MaxRun != old.MaxRun {
		r.Runs.SetDeadlines(st.serving + r.RunLimit())
	}
	if spec.Grace != old.Grace || !slices.Equal(spec.Tags, old.Tags) {
		st.ledger.ReconsiderOf(r.Cold.ID)
	}
	if r.Runs != nil && !slices.Equal(spec.Checks, old.Checks) {
		r.Runs.Results = r.Runs.Results.Accepted()
	}
	if spec.Arm != old.Arm {
		st.changeArm(r, spec.Arm)
	}
	st.scheduleNext(r)
}

// changeArm applies an edit of Arm. It matters only to a heartbeat that was never pinged.
func (st *state) changeArm(r *table.Record, arm fsm.Arm) {
	switch {
	case arm == fsm.ArmCreated && !r.Is(table.Armed):
		r.Set(table.Armed)
		st.anchorNow(r, r.Misses)
	case arm == fsm.ArmFirstPing && r.Pings == 0 && !r.Is(table.Failing):
		r.Clear(table.Armed)
	}
}

func (st *state) pauseHeartbeat(c fsm.Pause) fsm.Result {
	r, code := st.openForEdit(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	return st.pause(r, nil)
}

// pauseForATime pauses a heartbeat until the wall clock shows a time. What the serving clock makes of
// the wall clock may be a moment ahead of the batch's stamp: a pause is no shorter than was asked for.
func (st *state) pauseForATime(c fsm.TimedPause) fsm.Result {
	r, code := st.openForEdit(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	now := st.wall
	if st.clock.IsRead() {
		now = max(now, st.clock.WallAt(st.serving))
	}
	until, ok := c.End(now)
	if !ok {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	if !st.clock.IsRead() {
		st.clock.Read(st.serving, st.wall)
	}
	return st.pause(r, timetable.PauseUntil(st.clock, until))
}

// pause pauses a heartbeat, if it is not paused, and says how that ends: nil, not by itself.
func (st *state) pause(r *table.Record, end *timetable.Pause) fsm.Result {
	if r.Is(table.Paused) && r.Runs.PausedUntil() == end.Until() {
		return st.heartbeatResult(r)
	}
	if !r.Is(table.Paused) {
		st.stopJudging(r)
	}
	st.table.SetPause(r, end)
	st.table.DropEmptyRuns(r)
	st.saveEdit(r, r.Cold.Spec, st.wall)
	return st.heartbeatResult(r)
}

func (st *state) stopJudging(r *table.Record) {
	if r.Is(table.Failing) {
		st.endIncident(r, incident.Paused)
		st.ledgerNow().CancelUnsent(r)
	}
	st.depends.Forget(r.Ordinal, r.Cold.Spec.Tags)
	st.reconsiderBelow(r)
	r.ResetRule()
	r.Set(table.Paused)
	if r.Runs != nil {
		r.Runs.Results = r.Runs.Results.WithFailures(0)
	}
	st.paused++
	st.uptime.Pause(r.Ordinal, st.wall)
}

func (st *state) resumeHeartbeat(c fsm.Resume) fsm.Result {
	r, code := st.openForEdit(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	if r.Is(table.Paused) {
		st.resume(r, moment{st.serving, st.wall}, st.whoActs(""))
	}
	return st.heartbeatResult(r)
}

// endPauseBy ends the pause of a heartbeat that ends by itself, if that is by a serving time. It is
// as if somebody had resumed it at that moment, whenever this is called. Judging is behind by up
// to a second or two, but what comes after the end of a pause is not taken for a part of it.
func (st *state) endPauseBy(ord uint64, serving int64) {
	p, slot := st.table.At(ord)
	if !p.Hot(slot).Is(table.Paused) {
		return
	}
	if at := p.Runs(slot).PauseEnds(); at <= serving {
		st.resume(st.table.OwnRecord(ord), moment{at, st.clock.WallAt(at)}, "")
	}
}

// moment is a time, given by both clocks.
type moment struct{ serving, wall int64 }

// resume has a paused heartbeat judged again, from a moment on. by names who resumed it; "": nobody,
// or nobody knows.
func (st *state) resume(r *table.Record, at moment, by string) {
	r.Clear(table.Paused)
	r.Set(table.Resumed)
	st.paused--
	st.uptime.Resume(r.Ordinal, at.wall)
	st.table.Reanchor(r, at.serving, st.anchorWallAt(r.Hot, at.serving, at.wall), 0)
	r.Runs = st.table.OwnRuns(r.Ordinal)
	r.Runs.Pause = nil
	r.Runs.Resumed = at.wall
	r.Runs.Results = r.Runs.Results.Accepted()
	r.Runs.ExcuseRuns()
	st.tellResumed(r, at, by)
	st.saveEdit(r, r.Cold.Spec, at.wall)
	st.scheduleNext(r)
}

func (st *state) deleteHeartbeat(c fsm.Delete) fsm.Code {
	r, code := st.openForEdit(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return code
	}
	if r.Is(table.Failing) {
		st.endIncident(r, incident.Deleted)
		st.ledgerNow().CancelUnsent(r)
	}
	if r.Is(table.Paused) {
		st.paused--
	}
	st.changed = append(st.changed, fsm.Change{Ordinal: r.Ordinal, ID: r.Cold.ID, Deleted: true, Lost: r.Cold.Spec.Tags})
	st.ids.Remove(keyOfID(r.Cold.ID))
	st.tokens.Remove(index.Key(r.Token))
	st.removeOldTokens(r.Ordinal)
	st.slugs.Remove(r.Cold.Spec.Slug, r.Ordinal)
	st.countMade(r.Cold.Maker, -1)
	st.uptime.Remove(r.Ordinal)
	st.depends.Forget(r.Ordinal, r.Cold.Spec.Tags)
	st.reconsiderBelow(r)
	st.depends.Remove(r.Ordinal)
	st.table.Remove(r.Ordinal)
	st.ledger.ReconsiderOf(r.Cold.ID)
	return fsm.CodeOK
}

func (st *state) ensureHeartbeat(c fsm.Ensure) fsm.Result {
	switch ord, n := st.slugs.Find(c.Spec.Slug); n {
	case 0:
		return st.createHeartbeat(fsm.Create(c))
	case 1:
		st.countDueMisses(ord)
		return st.heartbeatResult(st.table.Record(ord))
	}
	return fsm.Result{Code: fsm.CodeAmbiguous}
}

func (st *state) putHeartbeat(c fsm.PutHeartbeat) fsm.Result {
	ord, n := st.slugs.Find(c.Spec.Slug)
	switch {
	case n > 1:
		return fsm.Result{Code: fsm.CodeAmbiguous}
	case n == 1:
		return st.updateHeartbeat(fsm.Update{ID: st.table.Record(ord).Cold.ID, IfVersion: c.IfVersion, Patch: c.Patch})
	case c.IfVersion != 0:
		return fsm.Result{Code: fsm.CodeConflict}
	}
	return st.createHeartbeat(fsm.Create{ID: c.ID, Token: c.Token, Spec: c.Spec})
}

// rotateToken gives a heartbeat a new token; those that it had lead to it for a while.
func (st *state) rotateToken(c fsm.RotateToken) fsm.Result {
	if c.Overlap < 0 || c.Overlap > fsm.MaxOverlap {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	r, code := st.openForEdit(c.ID, c.IfVersion)
	switch {
	case code != fsm.CodeOK:
		return fsm.Result{Code: code}
	case st.isTaken(c.Token):
		return fsm.Result{Code: fsm.CodeExists}
	case c.Overlap > 0 && st.oldTokens.Len(r.Ordinal, st.serving) >= fsm.MaxOldTokens:
		return fsm.Result{Code: fsm.CodeQuota}
	}
	if c.Overlap > 0 {
		st.oldTokens.Add(r.Ordinal, r.Cold.Token, st.serving+c.Overlap)
	} else {
		st.removeOldTokens(r.Ordinal)
		st.tokens.Remove(index.Key(r.Cold.Token))
	}
	r.Cold.Token = c.Token
	st.tokens.Put(index.Key(c.Token), r.Ordinal)
	st.saveEdit(r, r.Cold.Spec, st.wall)
	return st.heartbeatResult(r)
}

// endOldTokens ends at most bound of the old tokens whose time is over. Commands and images must not tell the others from
// those that were ended.
func (st *state) endOldTokens(bound int) {
	for ; bound > 0; bound-- {
		token, ok := st.oldTokens.TakeOver(st.serving)
		if !ok {
			return
		}
		st.tokens.Remove(index.Key(token))
	}
}

// isTaken reports whether a token leads to a heartbeat.
func (st *state) isTaken(t fsm.Token) bool {
	if st.byToken(t) == 0 {
		return false
	}
	st.endOldTokens(math.MaxInt) // it may be one of these
	return st.byToken(t) != 0
}

// removeOldTokens ends those of a heartbeat at once.
func (st *state) removeOldTokens(ordinal uint64) {
	for _, token := range st.oldTokens.Remove(ordinal) {
		st.tokens.Remove(index.Key(token))
	}
}
