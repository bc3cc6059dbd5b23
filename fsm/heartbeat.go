package fsm

import (
	"reflect"
	"slices"
)

// ping records a good run.
func (st *state) ping(c PingOrdinal) Code {
	ord := c.Ordinal
	if !st.table.has(ord) {
		return CodeNotFound
	}
	st.takeMisses(ord)
	page, slot := st.table.own(ord)
	if page.extrasOf(slot) != nil { // it may end a run or an incident
		return st.signal(Signal{Ordinal: ord, From: c.From, Exit: none})
	}
	v := &page.vitals[slot]
	st.pings++
	v.pings++
	v.lastPing = st.wall
	st.table.noteFrom(page, slot, st.wall, c.From, st.settings.History)
	wasJudged := v.is(flagArmed)
	v.set(flagArmed)
	if v.is(flagPaused) {
		return CodePaused
	}
	v.clear(flagResumed | flagUnheard)
	v.reanchor(st, 0)
	if !wasJudged {
		st.due.schedule(ord, v.nextMiss())
	}
	return CodeOK
}

// recover ends the incident of a heartbeat by a good run, with its mails.
func (st *state) recover(r *record, h *heard) {
	r.extras.incident.hear(r, h)
	st.writeRecovered(r, st.endFailing(r), h)
}

func (st *state) create(c Create) Result {
	if c.Spec.Validate() != nil {
		return Result{Code: CodeInvalid}
	}
	if st.byID(c.ID) != 0 || st.byToken(c.Token) != 0 {
		return Result{Code: CodeExists}
	}
	if code := st.room(); code != CodeOK {
		return Result{Code: code}
	}
	c.Spec.Tags, c.Spec.Emails, c.Spec.Methods = canonical(c.Spec.Tags), canonical(c.Spec.Emails), canonical(c.Spec.Methods)
	st.created++
	ord := st.created
	r := st.table.add(ord, config{
		id: c.ID, token: c.Token, spec: c.Spec, created: st.wall, updated: st.wall, version: 1, maker: st.maker,
	})
	st.note(st.maker, 1)
	r.reanchor(st, 0)
	if c.Spec.Arm != ArmFirstPing {
		r.set(flagArmed)
	}
	st.index(ord, c.ID, c.Token, c.Spec.Slug)
	st.reschedule(r)
	return st.answer(r)
}

// find returns a heartbeat for a command that edits it, with its misses taken.
func (st *state) find(id HeartbeatID, ifVersion uint64) (*record, Code) {
	ord := st.byID(id)
	if ord == 0 {
		return nil, CodeNotFound
	}
	st.takeMisses(ord)
	r := st.table.open(ord)
	if ifVersion != 0 && ifVersion != r.config.version {
		return nil, CodeConflict
	}
	return r, CodeOK
}

func (st *state) answer(r *record) Result {
	return Result{Code: CodeOK, Data: encodeHeartbeat(st.view(r))}
}

// edited gives a heartbeat a new spec and the next version.
func (st *state) edited(r *record, spec Spec) {
	r.config.spec = spec
	r.config.version++
	r.config.updated = st.wall
	st.table.configure(r)
}

func (st *state) update(c Update) Result {
	r, code := st.find(c.ID, c.IfVersion)
	if code != CodeOK {
		return Result{Code: code}
	}
	old := r.config.spec
	spec := c.Patch.apply(old)
	if spec.Validate() != nil {
		return Result{Code: CodeInvalid}
	}
	if !reflect.DeepEqual(spec, old) {
		st.respec(r, spec)
	}
	switch {
	case c.Pause == nil:
		return st.answer(r)
	case *c.Pause:
		return st.pause(Pause{ID: c.ID})
	}
	return st.resume(Resume{ID: c.ID})
}

// respec gives a heartbeat new fields.
func (st *state) respec(r *record, spec Spec) {
	old := r.config.spec
	// Misses are counted with the old interval before the new one applies.
	if r.is(flagFailing) {
		st.countOn(r, st.horizon)
	}
	st.edited(r, spec)
	if spec.Slug != old.Slug {
		st.slugs.remove(old.Slug, r.ord)
		st.slugs.add(&st.table, spec.Slug, r.ord)
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
func (st *state) rearm(r *record, arm Arm) {
	switch {
	case arm == ArmCreated && !r.is(flagArmed):
		r.set(flagArmed)
		r.reanchor(st, r.misses)
	case arm == ArmFirstPing && r.pings == 0 && !r.is(flagFailing):
		r.clear(flagArmed)
	}
}

// apply returns the spec with the patch's fields, in the canonical form in which
// empty lists are nil.
func (p Patch) apply(s Spec) Spec {
	set(&s.Name, p.Name)
	set(&s.Slug, p.Slug)
	set(&s.Interval, p.Interval)
	set(&s.Grace, p.Grace)
	set(&s.Threshold, p.Threshold)
	set(&s.Arm, p.Arm)
	if p.Tags != nil {
		s.Tags = canonical(*p.Tags)
	}
	if p.Emails != nil {
		s.Emails = canonical(*p.Emails)
	}
	if p.Methods != nil {
		s.Methods = canonical(*p.Methods)
	}
	return s
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func canonical(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

func (st *state) pause(c Pause) Result {
	r, code := st.find(c.ID, c.IfVersion)
	if code != CodeOK {
		return Result{Code: code}
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

func (st *state) resume(c Resume) Result {
	r, code := st.find(c.ID, c.IfVersion)
	if code != CodeOK {
		return Result{Code: code}
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

func (st *state) delete(c Delete) Code {
	r, code := st.find(c.ID, c.IfVersion)
	if code != CodeOK {
		return code
	}
	if r.is(flagFailing) {
		st.endFailing(r)
		st.cancelDown(r, r.incident)
	}
	if r.is(flagPaused) {
		st.paused--
	}
	st.ids.remove(r.config.id.indexKey())
	st.tokens.remove(indexKey(r.token))
	st.slugs.remove(r.config.spec.Slug, r.ord)
	st.note(r.config.maker, -1)
	st.table.remove(r.ord)
	return CodeOK
}
