package store

import (
	"fmt"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// simRun is an open run, as the model knows it.
type simRun struct {
	named              bool
	id                 byte
	start, wall, began int64
	deadline           int64 // 0: it counts no more
	contact            int64 // capable when it began
}

// simKey is what an entry of the history was answered, if it had a key.
type simKey struct {
	key  byte
	code fsm.Code
}

// signal is DESIGN section 4 on signals, written plainly.
func (m *model) signal(b *beat, c fsm.Signal) (fsm.Code, error) {
	if code, same := m.keyed(b, c.IdempotencyKey[0]); same {
		return code, nil
	}
	m.endPause(b, m.serving)
	if err := m.judge(b); err != nil {
		return 0, err
	}
	at := m.wall
	switch {
	case c.At > 0 && c.At < m.wall:
		at = c.At
	case c.At == 0 && c.Tells == fsm.SignalStart:
		at -= c.Held
	}
	late, ends := at != m.wall, c.Tells == fsm.SignalSuccess || c.Tells == fsm.SignalFail
	stale := late && at <= max(b.last, b.anchorWall)
	code := fsm.CodeOK
	if b.paused {
		code = fsm.CodePaused
	}
	b.pings++
	b.history = append(b.history, m.wall)
	b.keys = append(b.keys, simKey{c.IdempotencyKey[0], code})
	b.trim(m.settings.History)
	took := m.runs(b, c, at, late, stale)
	tells := c.Tells
	if tells == fsm.SignalSuccess && !stale && !b.paused && m.breaks(b, c, took) {
		tells = fsm.SignalFail
		m.broke++
	}
	if ends && (!late || at > b.last) {
		b.last = at
	}
	if ends && !stale {
		b.exit = c.Exit
	}
	if c.Tells == fsm.SignalLog || stale {
		return code, nil
	}
	if !b.armed && c.Tells == fsm.SignalStart {
		m.reanchor(b, 0)
	}
	b.armed = true
	if b.paused && ends && b.pausedIn > 0 {
		b.good = tells == fsm.SignalSuccess
	}
	if b.paused || !ends {
		return code, nil
	}
	anchor, missed := m.anchorAt(b, at, late)
	if tells == fsm.SignalSuccess {
		b.inRow = 0
	}
	switch {
	case tells == fsm.SignalFail:
		anchor()
		inRow, most := b.inRow+1, max(1, b.spec.FailureThreshold)
		b.inRow = min(inRow, most-1)
		switch {
		case b.failing:
			m.failsAgain(b, inRow < most)
		case inRow < most:
			b.resumed, b.unheard = false, false
			m.tolerated++
		default:
			m.fails(b, m.serving, true)
		}
		return code, nil
	case b.failing && missed > 0:
		anchor()
		return code, nil
	case b.failing:
		m.ends(b)
		m.recovers(b)
		m.recovered(b)
	case b.pausedIn > 0:
		m.endSeen(b)
	}
	b.resumed, b.unheard = false, false
	anchor()
	return code, nil
}

// keyed returns what the ping with a key was answered that is in the history.
func (m *model) keyed(b *beat, key byte) (code fsm.Code, same bool) {
	if key == 0 {
		return 0, false
	}
	for _, k := range b.keys {
		if k.key == key {
			m.sameKey++
			return k.code, true
		}
	}
	if slices.Contains(b.used, key) {
		m.keyGone++
	}
	b.used = append(b.used, key)
	return 0, false
}

// simValue is a number that a run told, and whether the run broke a check.
type simValue struct {
	v     float64
	broke bool
}

// simChecks are those of a heartbeat that has any.
var simChecks = []string{"n > 0", "n >= 0.5 * last"}

// breaks judges a good run, and keeps its number.
func (m *model) breaks(b *beat, c fsm.Signal, took int64) (broke bool) {
	if least := b.spec.MinRun * 1000; least > 0 && took >= 0 && took < least {
		broke = true
	}
	if len(b.spec.Checks) == 0 {
		b.past = nil
		return broke
	}
	if len(c.Numbers) == 0 {
		return true
	}
	v := c.Numbers[0].Value
	broke = broke || v <= 0
	for i := len(b.past) - 1; i >= 0; i-- {
		if !b.past[i].broke {
			broke = broke || v < b.past[i].v/2
			break
		}
	}
	b.past = append(b.past, simValue{v, broke})
	if len(b.past) > 20 {
		drop := 0
		if others := b.past[1:]; !b.past[0].broke && !slices.ContainsFunc(others, func(x simValue) bool { return !x.broke }) {
			drop = 1
		}
		b.past = slices.Delete(slices.Clone(b.past), drop, drop+1)
	}
	return broke
}

// accept makes every number that is kept one that later ones are compared with.
func (b *beat) accept() {
	for i := range b.past {
		b.past[i].broke = false
	}
}

// runs opens and closes runs, and returns how long the one took that ended; -1: not known.
func (m *model) runs(b *beat, c fsm.Signal, at int64, late, stale bool) (took int64) {
	took = -1
	same := func(o simRun) bool { return o.named == c.HasRun && o.id == c.Run[0] }
	switch c.Tells {
	case fsm.SignalStart:
		b.open = slices.DeleteFunc(b.open, same)
		o := simRun{named: c.HasRun, id: c.Run[0], start: m.serving, wall: m.wall, began: at, contact: m.stamped}
		if !stale {
			o.deadline = m.serving + b.limit()
		}
		b.open = append(b.open, o)
	case fsm.SignalSuccess, fsm.SignalFail:
		for _, o := range b.open {
			if same(o) && (!late || o.began <= at) {
				took = max(0, at-o.began)
			}
		}
		b.open = slices.DeleteFunc(b.open, func(o simRun) bool {
			return (!late || o.began <= at) && (same(o) || !c.HasRun || c.Tells == fsm.SignalFail || o.deadline == 0)
		})
	}
	return took
}

// anchorAt returns what sets the anchor to a ping's time, and how many misses it
// would have since.
func (m *model) anchorAt(b *beat, at int64, late bool) (set func(), missed int64) {
	if !late {
		return func() { m.reanchor(b, 0) }, 0
	}
	lost := max(0, m.wall-b.anchorWall-(m.serving-b.anchor))
	anchor := max(b.anchor, m.serving-max(0, m.wall-at-lost))
	for anchor+(missed+1)*b.interval()+b.grace() <= m.horizon {
		missed++
	}
	contact := m.stamped - (m.serving - anchor)
	return func() {
		b.anchor, b.anchorWall, b.base, b.misses, b.contact = anchor, at, 0, missed, contact
	}, missed
}

// overdue returns the run that is overdue first by a time, nil if none is.
func (b *beat) overdue(by int64) *simRun {
	var first *simRun
	for i := range b.open {
		o := &b.open[i]
		if o.deadline > 0 && o.deadline <= by && (first == nil || o.deadline < first.deadline) {
			first = o
		}
	}
	return first
}

// takeRun makes a failure of a run that did not end, unless gaps excuse it.
func (m *model) takeRun(b *beat, o *simRun) error {
	if had := m.capable - o.contact; had < b.limit()-graceMs {
		return fmt.Errorf("hb%d has a run that is overdue, but pings could commit for only %d ms since its start", b.id[7], had)
	}
	at := o.deadline
	o.deadline = 0
	excused := slices.ContainsFunc(m.gaps, func(g gap) bool { return g.serving >= o.start && g.to > o.wall })
	missedAt := b.anchor + (b.misses-b.base)*b.interval() + b.grace() // the last, if any
	if !b.failing && o.start > b.anchor && (b.misses == b.base || o.start >= missedAt) {
		b.anchor, b.anchorWall, b.base, b.contact = o.start, o.wall, b.misses, o.contact
	}
	switch {
	case b.failing && !excused:
		m.failsAgain(b, false)
	case b.failing:
	case !excused:
		m.fails(b, at, true)
	case !b.unheard:
		m.notHeard(b)
	}
	return nil
}

// drawSignalFrom makes a signal of numbers.
func drawSignalFrom(ord uint64, a, b uint32, wall int64) fsm.Signal {
	c := fsm.Signal{Ordinal: ord, Exit: fsm.NotKnown, Tells: fsm.SignalKind(a % 4)}
	if c.HasRun = a/4%2 == 0; c.HasRun {
		c.Run[0] = byte(1 + a/8%3)
	}
	if a/32%2 == 0 {
		c.IdempotencyKey[0] = byte(1 + a/128%4)
	}
	if c.Tells == fsm.SignalFail && b%2 == 0 {
		c.Exit = int(1 + b%255)
	}
	if b/4%4 == 0 {
		c.At = wall - int64(b/16%30_000) + 1000
	}
	if b/4%4 == 1 {
		c.Held = int64(b / 16 % 5_000)
	}
	if b/8%2 == 0 {
		c.Body = make([]byte, b/32%fsm.MaxBody)
	}
	if a/512%4 > 0 {
		c.Numbers = []fsm.Number{{Name: "n", Value: float64(a / 2048 % 4)}}
	}
	return c
}
