package store

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
)

// drawDependencies is what somebody has a heartbeat depend on: others, whether they are there or not, and
// the tag.
func (w *world) drawDependencies(a, b uint32) (on []string) {
	for range a % 3 {
		if id := testID(1 + int(b)%(w.created+1)).String(); !slices.Contains(on, id) {
			on = append(on, id)
		}
		b /= 7
	}
	if a/3%4 == 0 {
		on = append(on, "tag:db")
	}
	return on
}

// names reports whether a heartbeat with some dependencies depends on another one directly.
func (b *beat) isNamedBy(on []string) bool {
	return !b.deleted && slices.ContainsFunc(on, func(s string) bool {
		return s == b.id.String() || s == "tag:db" && slices.Contains(b.spec.Tags, "db")
	})
}

// above returns what dependencies lead to, directly and further up.
func (m *model) above(on []string) (all []*beat) {
	for queue := [][]string{on}; len(queue) > 0; queue = queue[1:] {
		for _, b := range m.beats {
			if b.isNamedBy(queue[0]) && !slices.Contains(all, b) {
				all = append(all, b)
				queue = append(queue, b.spec.DependsOn)
			}
		}
	}
	return all
}

// link checks what a heartbeat is to have: it may not depend on itself.
func (m *model) link(b *beat, tags, on []string) fsm.Code {
	if slices.Contains(tags, "db") && slices.Contains(on, "tag:db") {
		return fsm.CodeInvalid
	}
	old := b.spec
	b.spec.Tags, b.spec.DependsOn = tags, on
	circle := slices.Contains(m.above(on), b)
	b.spec = old
	if circle {
		m.circles++
		return fsm.CodeInvalid
	}
	return fsm.CodeOK
}

// recovers notes when a heartbeat recovered, if any depends on it.
func (m *model) recovers(b *beat) {
	named := slices.ContainsFunc(m.beats, func(x *beat) bool { return !x.deleted && b.isNamedBy(x.spec.DependsOn) })
	b.recovered, b.recoveredAt = named, m.serving
}

// waitsForOther reports whether a row of a heartbeat has to wait for one that it depends on: one that fails, that
// recovered less than a grace of its own ago, or that it names and that was late already when the row was due.
func (m *model) waitsForOther(b *beat, r *ledger.Row) bool {
	for _, x := range m.above(b.spec.DependsOn) {
		if m.judge(x) != nil {
			return false // judgeAll will say so
		}
		if x.failing || x.recovered && m.serving < x.recoveredAt+b.grace() {
			return true
		}
	}
	for _, x := range m.byName(b.spec.DependsOn) {
		due := x.anchor + (x.misses-x.base+1)*x.interval()
		if x.armed && !x.paused && due <= r.Due && m.horizon < due+x.grace() {
			return true
		}
	}
	return false
}

// byName is above for those that are named by heartbeats on the way, rather than by the tag.
func (m *model) byName(on []string) (all []*beat) {
	for _, x := range m.beats {
		direct := func(on []string) bool { return !x.deleted && slices.Contains(on, x.id.String()) }
		if direct(on) || slices.ContainsFunc(m.above(on), func(y *beat) bool { return direct(y.spec.DependsOn) }) {
			all = append(all, x)
		}
	}
	return all
}

// mendDependencies has, at the end, what others depend on recover, and nothing depend on anything at last.
func (w *world) mendDependencies(round int) {
	for i, b := range w.model.beats {
		switch {
		case b.deleted:
		case round > quietRounds/2 && round < quietRounds*3/4 && b.failing:
			if slices.ContainsFunc(w.model.beats, func(x *beat) bool { return b.isNamedBy(x.spec.DependsOn) }) {
				w.add(w.leader.n, fsm.Ping{Ordinal: uint64(i + 1)})
			}
		case round == quietRounds*3/4 && len(b.spec.DependsOn) > 0:
			w.add(w.leader.n, fsm.Update{ID: b.id, Patch: fsm.Patch{DependsOn: new([]string)}})
		}
	}
}

// noteDependency counts what waits for another heartbeat, and what was sent after that.
func (w *world) noteDependency(id fsm.AlertID, r *ledger.Row) {
	m := w.model
	switch b := m.find(func(b *beat) bool { return b.id == r.Heartbeat }); {
	case b == nil || !r.Kind.Alarms():
	case r.State == fsm.AlertPending && r.Digest == (fsm.AlertID{}) && r.Due <= m.serving && m.waitsForOther(b, r):
		w.saw(sawWaitsForOther, !m.waitedForOther[id])
		m.waitedForOther[id] = true
	case r.State == fsm.AlertSent && m.waitedForOther[id]:
		delete(m.waitedForOther, id)
		w.reached[sawWaitedForOther]++
	}
}
