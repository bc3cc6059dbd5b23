package store

import (
	"fmt"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// model holds the rules of the design, sections 3 and 4, as plainly as they can be
// written: no heap, no bound, no lazy counting, no bytes. It takes the same
// entries as the replicas and says what must be so after each.
type model struct {
	wall, serving, horizon int64
	gaps                   []gap
	settings               fsm.Settings
	beats                  []*beat
	origins                map[fsm.NodeID]logentry.Origin
	first                  map[ident]fsm.Code // the first answer to each command that took effect
	doubts                 map[fsm.AlertID]int
	hurried                map[fsm.AlertID]bool           // somebody had it delivered at once
	hands                  map[fsm.AlertID]fsm.AlertState // what somebody made of an alert: pending, held or cancelled
	alerts                 map[alertKey]*expected
	channels               map[fsm.ChannelID]simChannel
	capable                int64 // see world
	repeats                int
	sameKey, keyGone       int   // pings whose key is, or was, in the history
	broke, tolerated       int   // runs that broke a check, and failures that were too few to alert
	stamped                int64 // what capable was when the batch was stamped
	resettled              bool  // the flap window has changed
	readings               []simReading
	ended                  int // pauses that ended by themselves
	reminders              map[simIncident][]simReminder
	quieted                map[simIncident]bool // once
	byHand                 map[simIncident]bool // ended so
	woke, goodWhilePaused  int
	rotations              int
	circles                int // that were refused
	windows                map[fsm.WindowID]simWindow
	rowOf                  func(fsm.AlertID) *ledger.Row // of the replica that saw every entry, or as it was last; nil: none
	flaps                  map[teller]simFlap
	heldBack               map[fsm.AlertID]bool // in a flap window
	hours                  map[fsm.ChannelID]simTimes
	waited                 map[fsm.AlertID]bool // had to wait for a window
	unanswered             map[alertKey]bool    // recoveries that the channel took none of when they came
	takesLess              int                  // targets that do not take an alert
	systems                []*beat              // what stands for heartbeats in incidents of the monitor itself
	outages                []gap                // of the monitor
	outagesTold            int
	waitedForOther         map[fsm.AlertID]bool // had to wait for another heartbeat
}

// ident is what makes a repeated command the same command.
type ident struct {
	node      fsm.NodeID
	boot, seq uint64
}

type alertKey struct {
	hb       fsm.HeartbeatID
	incident uint32
	kind     fsm.AlertKind
	to       string
}

// expected is an alert that must be in the ledger.
type expected struct {
	misses, failures int64 // recovered: of the incident

	mayCancel bool  // its incident was ended by hand
	lasts     int64 // serving: the incident must last until then; 0: it need not
}

// beat is a heartbeat.
type beat struct {
	id                               fsm.HeartbeatID
	token                            fsm.Token
	tokens                           map[fsm.Token]int64 // the old ones; serving: when each ends
	spec                             fsm.Spec
	armed, paused, failing, deleted  bool
	resumed, unheard                 bool // the next miss alerts
	anchor, anchorWall, base, misses int64
	pings                            uint64
	history                          []int64
	incident                         uint32
	told                             bool  // a failure of the incident that is going on
	missed                           int64 // its misses, with those that led to it
	failures                         int64 // and reported failures, and runs that did not finish
	contact                          int64 // capable when it was last anchored
	last                             int64 // wall: its last ping, 0 if it has none
	exit                             int   // that the last one told
	open                             []simRun
	keys                             []simKey // beside history
	used                             []byte   // every key there ever was
	until                            int64    // wall: when the pause ends by itself, 0 if it does not
	downSince, down                  int64    // wall: of the incident that is going on; ms of those before
	began                            int64    // serving: of the incident that is going on
	inRow                            int      // reported failures
	past                             []simValue
	acked                            bool
	snooze, tellAt                   int64  // serving; 0: none
	pausedIn                         uint32 // the incident that a pause ended, of which nobody knows the end; 0: none
	good                             bool   // and a good run was seen since
	recovered                        bool   // since it failed, while others depended on it
	recoveredAt                      int64  // serving
}

func newModel() *model {
	return &model{
		flaps: map[teller]simFlap{}, heldBack: map[fsm.AlertID]bool{},
		settings: fsm.DefaultSettings(), origins: map[fsm.NodeID]logentry.Origin{}, first: map[ident]fsm.Code{},
		doubts: map[fsm.AlertID]int{}, hurried: map[fsm.AlertID]bool{}, hands: map[fsm.AlertID]fsm.AlertState{}, alerts: map[alertKey]*expected{}, channels: map[fsm.ChannelID]simChannel{},
		reminders: map[simIncident][]simReminder{}, quieted: map[simIncident]bool{}, byHand: map[simIncident]bool{}, unanswered: map[alertKey]bool{},
		windows: map[fsm.WindowID]simWindow{}, waited: map[fsm.AlertID]bool{}, waitedForOther: map[fsm.AlertID]bool{}, hours: map[fsm.ChannelID]simTimes{},
	}
}

// apply takes one entry, and compares the answers. capable is the true time in
// which pings could commit.
func (m *model) apply(p *proposal, got []fsm.Result, capable int64) error {
	m.capable, m.stamped = capable, p.capable
	if p.batch.Term != p.entryTerm {
		return sameCodes(got, func(int) fsm.Code { return fsm.CodeStaleTerm })
	}
	m.wall = p.batch.Wall
	if d := int64(p.batch.Delta); d > 0 {
		m.horizon, m.serving = m.serving, m.serving+d
	}
	m.wakeSystems()
	if m.clockOff() < -1000 {
		if err := m.readClock(); err != nil {
			return err
		}
	}
	if m.serving > capable {
		return fmt.Errorf("serving time is %d ms, but pings could commit for %d ms only", m.serving, capable)
	}
	for _, o := range p.batch.Origins {
		m.observe(o)
	}
	for i, it := range p.items {
		if err := m.item(p, it, got[i].Code); err != nil {
			return err
		}
	}
	return m.judgeAll()
}

func sameCodes(got []fsm.Result, want func(int) fsm.Code) error {
	for i, r := range got {
		if r.Code != want(i) {
			return fmt.Errorf("item %d is answered %d, want %d", i, r.Code, want(i))
		}
	}
	return nil
}

func (m *model) observe(o logentry.Origin) {
	cur := m.origins[o.Node]
	if o.Boot > cur.Boot || o.Boot == cur.Boot && o.Floor > cur.Floor {
		m.origins[o.Node] = o
	}
}

func (m *model) item(p *proposal, it simItem, got fsm.Code) error {
	if it.frame == nil {
		return m.run(p, it.cmd, got)
	}
	o := it.frame.origin
	cur := m.origins[o.Node]
	id := ident{o.Node, o.Boot, it.w.seq}
	if o.Boot < cur.Boot || it.w.seq < cur.Floor {
		return wantAnswer(it.cmd, got, fsm.CodeStale)
	}
	if first, repeat := m.first[id]; repeat {
		m.repeats++
		return wantAnswer(it.cmd, got, first)
	}
	m.first[id] = got
	return m.run(p, it.cmd, got)
}

func wantAnswer(cmd fsm.Command, got, want fsm.Code) error {
	if got != want {
		return fmt.Errorf("%s is answered %d, want %d", describe(cmd), got, want)
	}
	return nil
}

// run takes a command that takes effect for the first time.
func (m *model) run(p *proposal, cmd fsm.Command, got fsm.Code) error {
	want := fsm.CodeOK
	var err error
	switch c := cmd.(type) {
	case fsm.Ping:
		want, err = m.told(fsm.Signal{Ordinal: c.Ordinal, Exit: fsm.NotKnown})
	case fsm.Signal:
		want, err = m.told(c)
	case fsm.Create:
		want = m.create(c)
	case fsm.Update:
		code := fsm.CodeOK
		want, err = m.edit(c.ID, func(b *beat) { code = m.update(b, c.Patch) })
		want = max(want, code)
	case fsm.Pause:
		want, err = m.edit(c.ID, m.pause)
	case fsm.TimedPause:
		code := fsm.CodeOK
		want, err = m.edit(c.ID, func(b *beat) { code = m.pauseForATime(b, c) })
		want = max(want, code)
	case fsm.RotateToken:
		code := fsm.CodeOK
		want, err = m.edit(c.ID, func(b *beat) { code = m.rotate(b, c) })
		want = max(want, code)
	case fsm.ReadClock:
		err = m.readClock()
	case fsm.Resume:
		want, err = m.edit(c.ID, m.resume)
	case fsm.AckIncident:
		want, err = m.act(simIncident{c.Heartbeat, c.Incident}, func(b *beat) { m.quieten(b, 0) })
	case fsm.SnoozeIncident:
		want, err = m.act(simIncident{c.Heartbeat, c.Incident}, func(b *beat) { m.quieten(b, m.serving+c.For) })
	case fsm.UnackIncident:
		want, err = m.act(simIncident{c.Heartbeat, c.Incident}, m.unack)
	case fsm.Delete:
		want, err = m.edit(c.ID, func(b *beat) { m.endByHand(b); b.deleted = true })
	case fsm.SetSettings:
		if err = m.judgeAll(); err == nil {
			m.set(c.Settings)
		}
	case fsm.RecordGap:
		if err = m.judgeAll(); err == nil {
			m.addGap(gap{m.serving, c.From, c.To})
		}
	case fsm.CreateChannel, fsm.UpdateChannel, fsm.DeleteChannel:
		if err = m.judgeAll(); err == nil {
			want = m.editChannel(c)
			m.followHours()
		}
	case fsm.SetHours:
		m.setHours(c)
	case fsm.CreateWindow, fsm.DeleteWindow:
		want = m.editWindow(c)
	case fsm.BeginSystem, fsm.EndSystem, fsm.TellOutage, fsm.SendCanary:
		m.tellSystem(c)
	case fsm.SetClusterID:
	default:
		return m.ledger(p, cmd, got)
	}
	if err != nil {
		return err
	}
	return wantAnswer(cmd, got, want)
}

// ledger notes what a step of the ledger means for the promise that an incident
// alerts once.
func (m *model) ledger(p *proposal, cmd fsm.Command, got fsm.Code) error {
	if got != fsm.CodeOK {
		return nil
	}
	switch c := cmd.(type) {
	case fsm.Claim:
		return sameTerm(cmd, c.Term, p)
	case fsm.Fence:
		if err := m.checkFence(c.Alert); err != nil {
			return err
		}
		return sameTerm(cmd, c.Term, p)
	case fsm.ResolveDoubt:
		if c.Term >= p.entryTerm {
			return fmt.Errorf("%s is accepted in term %d: its sender may still be at work", describe(cmd), p.entryTerm)
		}
		m.doubt(c.Alert)
	case fsm.DeliverAlert:
		m.hurried[c.Alert] = true
	case fsm.HoldAlert:
		m.hands[c.Alert] = fsm.AlertHeld
	case fsm.CancelAlert:
		m.hands[c.Alert] = fsm.AlertCancelled
	case fsm.RetryAlert:
		m.hands[c.Alert], m.hurried[c.Alert] = fsm.AlertPending, true
	case fsm.Settle:
		switch c.Outcome {
		case fsm.OutcomeInDoubt:
			m.doubt(c.Alert)
		case fsm.OutcomeSent, fsm.OutcomeFailed:
			m.tellFlap(c.Alert)
		}
	}
	return nil
}

// doubt notes that an attempt may have been delivered.
func (m *model) doubt(id fsm.AlertID) {
	m.doubts[id]++
	m.tellFlap(id)
}

func sameTerm(cmd fsm.Command, term uint64, p *proposal) error {
	if term != p.entryTerm {
		return fmt.Errorf("%s is accepted in term %d", describe(cmd), p.entryTerm)
	}
	return nil
}

func (m *model) set(s fsm.Settings) {
	if s.FlapWindow != m.settings.FlapWindow {
		m.flaps = map[teller]simFlap{}
	}
	m.resettled = m.resettled || len(m.beats) > 0 && s.FlapWindow != m.settings.FlapWindow
	changed := s.RemindEvery != m.settings.RemindEvery
	m.settings = s
	if changed {
		m.planReminders()
	}
	for _, b := range m.beats {
		b.trim(s.History)
	}
}

func (b *beat) trim(limit int) {
	b.history = b.history[max(0, len(b.history)-limit):]
	b.keys = b.keys[max(0, len(b.keys)-limit):]
}

func (m *model) create(c fsm.Create) fsm.Code {
	b := &beat{id: c.ID, token: c.Token, spec: c.Spec, armed: c.Spec.Arm == fsm.ArmCreated, exit: fsm.NotKnown}
	m.beats = append(m.beats, b)
	if code := m.link(b, c.Spec.Tags, c.Spec.DependsOn); code != fsm.CodeOK {
		m.beats = m.beats[:len(m.beats)-1]
		return code
	}
	m.reanchor(b, 0)
	return fsm.CodeOK
}

func (m *model) reanchor(b *beat, misses int64) {
	b.anchor, b.anchorWall, b.base, b.misses, b.contact = m.serving, m.wall, misses, misses, m.stamped
}

func (m *model) find(is func(*beat) bool) *beat {
	i := slices.IndexFunc(m.beats, func(b *beat) bool { return !b.deleted && is(b) })
	if i >= 0 {
		return m.beats[i]
	}
	if i = slices.IndexFunc(m.systems, is); i >= 0 {
		return m.systems[i]
	}
	return nil
}

func (m *model) told(c fsm.Signal) (fsm.Code, error) {
	if c.Ordinal > uint64(len(m.beats)) || m.beats[c.Ordinal-1].deleted {
		return fsm.CodeNotFound, nil
	}
	return m.signal(m.beats[c.Ordinal-1], c)
}

func (m *model) edit(id fsm.HeartbeatID, f func(*beat)) (fsm.Code, error) {
	b := m.find(func(b *beat) bool { return b.id == id })
	if b == nil {
		return fsm.CodeNotFound, nil
	}
	m.endPause(b, m.serving)
	if err := m.judge(b); err != nil {
		return 0, err
	}
	f(b)
	return fsm.CodeOK, nil
}

func (m *model) update(b *beat, p fsm.Patch) fsm.Code {
	old := b.spec
	tags, on := old.Tags, old.DependsOn
	assign(&tags, p.Tags)
	assign(&on, p.DependsOn)
	if code := m.link(b, tags, on); code != fsm.CodeOK {
		return code
	}
	b.spec.DependsOn = on
	assign(&b.spec.Interval, p.Interval)
	assign(&b.spec.Grace, p.Grace)
	assign(&b.spec.Threshold, p.Threshold)
	assign(&b.spec.Owner, p.Owner)
	assign(&b.spec.Tags, p.Tags)
	assign(&b.spec.Notify, p.Notify)
	assign(&b.spec.Description, p.Description)
	assign(&b.spec.FailureThreshold, p.FailureThreshold)
	assign(&b.spec.MaxRun, p.MaxRun)
	assign(&b.spec.MinRun, p.MinRun)
	assign(&b.spec.RemindEvery, p.RemindEvery)
	assign(&b.spec.NeverRemind, p.NeverRemind)
	if m.remindEvery(b.spec) != m.remindEvery(old) && b.failing && !b.quiet() {
		b.tellAt = m.nextReminder(b, m.serving)
	}
	if p.Checks != nil && !slices.Equal(*p.Checks, old.Checks) {
		b.spec.Checks = *p.Checks
		b.accept()
	}
	if b.spec.Interval != old.Interval || b.spec.Grace != old.Grace {
		m.reanchor(b, b.misses)
	}
	if b.spec.Interval != old.Interval || b.spec.Grace != old.Grace || b.spec.MaxRun != old.MaxRun {
		for i := range b.open {
			if b.open[i].deadline > 0 {
				b.open[i].deadline = m.serving + b.limit()
				b.open[i].contact = m.stamped
			}
		}
	}
	return fsm.CodeOK
}

func (m *model) pause(b *beat) {
	if !b.paused {
		if b.failing {
			b.pausedIn, b.good = b.incident, false
		}
		m.endByHand(b)
		b.recovered = false
		b.paused, b.resumed, b.unheard, b.inRow = true, false, false, 0
	}
	b.until = 0
}

func (m *model) resume(b *beat) {
	if b.paused {
		b.paused, b.resumed, b.until = false, true, 0
		if b.good && !b.deleted {
			m.endSeen(b)
		}
		b.accept()
		m.reanchor(b, 0)
		for i := range b.open {
			b.open[i].deadline = 0
		}
	}
}

// endByHand ends an incident without mail; what nobody claimed may be cancelled.
func (m *model) endByHand(b *beat) {
	if !b.failing {
		return
	}
	m.ends(b)
	m.byHand[simIncident{b.id, b.incident}] = true
	for k, e := range m.alerts {
		if k.hb == b.id && k.incident == b.incident && k.kind.Alarms() {
			e.mayCancel = true
		}
	}
}

// ends ends an incident, and counts how long it was. The wall clock may have been set back.
func (m *model) ends(b *beat) {
	b.failing = false
	b.acked, b.snooze, b.tellAt = false, 0, 0
	b.down += max(0, m.wall-b.downSince)
}

func (m *model) judgeAll() error {
	for _, b := range m.beats {
		if err := m.judge(b); err != nil {
			return err
		}
	}
	return nil
}

// judge takes the misses of a heartbeat up to the horizon.
func (m *model) judge(b *beat) error {
	m.endPause(b, m.horizon)
	for b.armed && !b.paused && !b.deleted {
		deadline := b.anchor + (b.misses-b.base+1)*b.interval() + b.grace()
		if b.tellAt > 0 && b.tellAt <= m.horizon && b.overdue(b.tellAt) == nil {
			m.wakes(b)
			continue
		}
		if run := b.overdue(min(deadline, m.horizon)); run != nil {
			if err := m.takeRun(b, run); err != nil {
				return err
			}
			continue
		}
		if deadline > m.horizon {
			return nil
		}
		excused := m.excused(b, deadline)
		b.misses++
		b.missed++
		if b.failing || b.misses < int64(b.spec.Threshold) && !b.resumed && !b.unheard {
			continue
		}
		// Whatever the rules make of it: pings could commit for an interval and the
		// grace, and none came. A stalled batch may hide a little of that time.
		if silent := m.capable - b.contact; silent < b.interval()+b.grace()-graceMs {
			return fmt.Errorf("hb%d alerts, but pings could commit for only %d ms since its last", b.id[7], silent)
		}
		if !b.unheard && excused {
			m.notHeard(b)
			continue
		}
		m.fails(b, deadline, false)
	}
	return nil
}

func (m *model) notHeard(b *beat) {
	b.incident++
	b.unheard = true
	b.pausedIn, b.good = 0, false
	m.expect(b, fsm.AlertUnheard, 0)
}

// fails begins an incident at a serving time: with a failure, or with silence.
func (m *model) fails(b *beat, at int64, failure bool) {
	b.incident++
	b.failing, b.resumed, b.unheard, b.told, b.recovered = true, false, false, failure, false
	b.downSince, b.began, b.tellAt = m.wall, at, m.nextReminder(b, at)
	b.pausedIn, b.good = 0, false
	b.missed, b.failures = b.misses, 0
	if failure {
		b.failures = 1
	}
	m.expect(b, fsm.AlertDown, at)
}

// failsAgain tells of the first failure in an incident that began with silence, to
// whoever was to be told of that.
func (m *model) failsAgain(b *beat, tolerated bool) {
	b.failures++
	if b.told || tolerated {
		return
	}
	b.told = true
	if b.quiet() {
		return
	}
	m.expectFailures(b)
}

func (b *beat) interval() int64 { return b.spec.Interval * 1000 }

// limit is how long a run may take.
func (b *beat) limit() int64 {
	if b.spec.MaxRun > 0 {
		return b.spec.MaxRun * 1000
	}
	if b.spec.Grace == 0 {
		return b.interval()
	}
	return b.grace()
}

func (b *beat) grace() int64 { return b.spec.Grace * 1000 }

// addGap takes in the gaps that the newest one overlaps.
func (m *model) addGap(x gap) {
	for i := 0; i < len(m.gaps); {
		if y := m.gaps[i]; y.from <= x.to && y.to >= x.from {
			x.from, x.to = min(x.from, y.from), max(x.to, y.to)
			m.gaps, i = append(m.gaps[:i], m.gaps[i+1:]...), 0
			continue
		}
		i++
	}
	m.gaps = append(m.gaps, x)
}

// excused reports whether every expected time since the anchor lay in a gap, or
// had one in the grace after it.
func (m *model) excused(b *beat, deadline int64) bool {
	var since []gap
	until := b.anchorWall + deadline - b.anchor
	for _, g := range m.gaps {
		if g.serving >= b.anchor && g.to > b.anchorWall {
			if g.from == g.to {
				return true
			}
			since = append(since, g)
			until += g.to - max(g.from, b.anchorWall)
		}
	}
	if len(since) == 0 {
		return false
	}
	for at := b.anchorWall + b.interval(); at+b.grace() <= until; at += b.interval() {
		hit := slices.ContainsFunc(since, func(g gap) bool { return g.from <= at+b.grace() && g.to >= at })
		if !hit {
			return false
		}
	}
	return true
}

func assign[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
