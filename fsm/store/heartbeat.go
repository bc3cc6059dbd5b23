package store

import (
	"reflect"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
)

// ping records a good run.
func (st *state) ping(c fsm.PingOrdinal) fsm.Code {
	ord := c.Ordinal
	if !st.table.has(ord) {
		return fsm.CodeNotFound
	}
	st.takeMisses(ord)
	page, slot := st.table.own(ord)
	if page.extrasOf(slot) != nil { // it may end a run or an incident
		return st.signal(fsm.Signal{Ordinal: ord, From: c.From, Exit: fsm.None})
	}
	v := &page.vitals[slot]
	st.pings++
	v.pings++
	v.lastPing = st.wall
	st.table.history.AddPing(&page.hist, slot, st.wall, c.From, st.settings.History)
	wasJudged := v.is(flagArmed)
	v.set(flagArmed)
	if v.is(flagPaused) {
		return fsm.CodePaused
	}
	v.clear(flagResumed | flagUnheard)
	v.reanchor(st, 0)
	if !wasJudged {
		st.due.schedule(ord, v.nextMiss())
	}
	return fsm.CodeOK
}

// recover ends the incident of a heartbeat by a good run, with its mails.
func (st *state) recover(r *record, h *heard) {
	r.extras.incident.hear(r, h)
	st.writeRecovered(r, st.endFailing(r), h)
}

func (st *state) create(c fsm.Create) fsm.Result {
	if c.Spec.Validate() != nil {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	if st.byID(c.ID) != 0 || st.byToken(c.Token) != 0 {
		return fsm.Result{Code: fsm.CodeExists}
	}
	if code := st.room(); code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	c.Spec.Tags, c.Spec.Emails, c.Spec.Methods = fsm.Canonical(c.Spec.Tags), fsm.Canonical(c.Spec.Emails), fsm.Canonical(c.Spec.Methods)
	st.created++
	ord := st.created
	r := st.table.add(ord, config{
		id: c.ID, token: c.Token, spec: c.Spec, created: st.wall, updated: st.wall, version: 1, maker: st.maker,
	})
	st.note(st.maker, 1)
	r.reanchor(st, 0)
	if c.Spec.Arm != fsm.ArmFirstPing {
		r.set(flagArmed)
	}
	st.file(ord, c.ID, c.Token, c.Spec.Slug)
	st.reschedule(r)
	return st.answer(r)
}

// find returns a heartbeat for a command that edits it, with its misses taken.
func (st *state) find(id fsm.HeartbeatID, ifVersion uint64) (*record, fsm.Code) {
	ord := st.byID(id)
	if ord == 0 {
		return nil, fsm.CodeNotFound
	}
	st.takeMisses(ord)
	r := st.table.open(ord)
	if ifVersion != 0 && ifVersion != r.config.version {
		return nil, fsm.CodeConflict
	}
	return r, fsm.CodeOK
}

func (st *state) answer(r *record) fsm.Result {
	return fsm.Result{Code: fsm.CodeOK, Data: fsm.EncodeHeartbeat(st.view(r))}
}

// edited gives a heartbeat a new spec and the next version.
func (st *state) edited(r *record, spec fsm.Spec) {
	r.config.spec = spec
	r.config.version++
	r.config.updated = st.wall
	st.table.configure(r)
}

func (st *state) update(c fsm.Update) fsm.Result {
	r, code := st.find(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	old := r.config.spec
	spec := c.Patch.Apply(old)
	if spec.Validate() != nil {
		return fsm.Result{Code: fsm.CodeInvalid}
	}
	if !reflect.DeepEqual(spec, old) {
		st.respec(r, spec)
	}
	switch {
	case c.Pause == nil:
		return st.answer(r)
	case *c.Pause:
		return st.pause(fsm.Pause{ID: c.ID})
	}
	return st.resume(fsm.Resume{ID: c.ID})
}

// respec gives a heartbeat new fields.
func (st *state) respec(r *record, spec fsm.Spec) {
	old := r.config.spec
	// Misses are counted with the old interval before the new one applies.
	if r.is(flagFailing) {
		st.countOn(r, st.horizon)
	}
	st.edited(r, spec)
	if spec.Slug != old.Slug {
		st.slugs.Remove(old.Slug, r.ord)
		st.slugs.Add(spec.Slug, r.ord)
	}
	if spec.Interval != old.Interval || spec.Grace != old.Grace {
		r.reanchor(st, r.misses)
		r.extras.relimit(st, r.runLimit())
	}
	if spec.Arm != old.Arm {
		st.rearm(r, spec.Arm)
	}
	st.reschedule(r)
}

// rearm applies a change of Arm to a heartbeat that it still matters to: one that
// was never pinged.
func (st *state) rearm(r *record, arm fsm.Arm) {
	switch {
	case arm == fsm.ArmCreated && !r.is(flagArmed):
		r.set(flagArmed)
		r.reanchor(st, r.misses)
	case arm == fsm.ArmFirstPing && r.pings == 0 && !r.is(flagFailing):
		r.clear(flagArmed)
	}
}

func (st *state) pause(c fsm.Pause) fsm.Result {
	r, code := st.find(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	if r.is(flagPaused) {
		return st.answer(r)
	}
	if r.is(flagFailing) {
		st.endFailing(r)
		st.cancelDown(r, r.incident)
	}
	r.usual()
	r.set(flagPaused)
	st.table.shed(r)
	st.paused++
	st.edited(r, r.config.spec)
	return st.answer(r)
}

func (st *state) resume(c fsm.Resume) fsm.Result {
	r, code := st.find(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return fsm.Result{Code: code}
	}
	if !r.is(flagPaused) {
		return st.answer(r)
	}
	r.clear(flagPaused)
	r.set(flagResumed)
	st.paused--
	r.reanchor(st, 0)
	r.extras = st.table.ownExtras(r.ord)
	r.extras.resumed = st.wall
	r.extras.settle()
	st.edited(r, r.config.spec)
	st.reschedule(r)
	return st.answer(r)
}

func (st *state) delete(c fsm.Delete) fsm.Code {
	r, code := st.find(c.ID, c.IfVersion)
	if code != fsm.CodeOK {
		return code
	}
	if r.is(flagFailing) {
		st.endFailing(r)
		st.cancelDown(r, r.incident)
	}
	if r.is(flagPaused) {
		st.paused--
	}
	st.ids.Remove(keyOfID(r.config.id))
	st.tokens.Remove(index.Key(r.token))
	st.slugs.Remove(r.config.spec.Slug, r.ord)
	st.note(r.config.maker, -1)
	st.table.remove(r.ord)
	return fsm.CodeOK
}

func (st *state) ensure(c fsm.Ensure) fsm.Result {
	switch ord, n := st.slugs.Find(c.Spec.Slug); n {
	case 0:
		return st.create(fsm.Create(c))
	case 1:
		st.takeMisses(ord)
		return st.answer(st.table.record(ord))
	}
	return fsm.Result{Code: fsm.CodeAmbiguous}
}

func (st *state) putHeartbeat(c fsm.PutHeartbeat) fsm.Result {
	ord, n := st.slugs.Find(c.Spec.Slug)
	switch {
	case n > 1:
		return fsm.Result{Code: fsm.CodeAmbiguous}
	case n == 1:
		return st.update(fsm.Update{ID: st.table.record(ord).config.id, IfVersion: c.IfVersion, Patch: c.Patch})
	case c.IfVersion != 0:
		return fsm.Result{Code: fsm.CodeConflict}
	}
	return st.create(fsm.Create{ID: c.ID, Token: c.Token, Spec: c.Spec})
}
