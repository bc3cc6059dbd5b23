package store

import (
	"fmt"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
)

// simWindow is a maintenance window as the model has it: the wall times in which it is on.
type simWindow struct {
	tags  []string
	spans [][2]int64
}

// drawWindow is somebody who makes or deletes one of three maintenance windows.
func (w *world) drawWindow(n *simNode, which, how uint32) fsm.Command {
	id := fsm.WindowID{byte(1 + which%3)}
	if how%5 == 0 {
		return fsm.DeleteWindow{ID: id}
	}
	from := w.wall(n) + int64(how/5%9000) - 4000
	length := 1000 * (1 + int64(how/8%12))
	spec := fsm.WindowSpec{Name: fmt.Sprint("window ", which%3), Tags: []string{"db"}, From: from, To: from + length}
	if how/16%3 > 0 {
		return fsm.CreateWindow{ID: id, Spec: spec}
	}
	spec.From, spec.To, spec.Schedule, spec.For = 0, 0, []string{"@daily"}, length/1000
	return fsm.CreateWindow{ID: id, Spec: spec, Timetable: fsm.Timetable{Rules: 1, Times: []int64{from, from + length + 5000}}}
}

// simHours are the hours of some channels; when they are is drawn.
const simHours = "mon 08:00-18:00 UTC"

// simTimes are the hours of a channel as the model has them.
type simTimes struct {
	asked int64 // serving
	spans []weekly.Span
}

// drawHours is a leader who tells when the hours of a channel are.
func (w *world) drawHours(n *simNode, which, how uint32) fsm.Command {
	from := w.wall(n) + int64(how%8000) - 4000
	first := weekly.Span{From: from, To: from + 500 + int64(how/8%6000)}
	second := weekly.Span{From: first.To + 1 + int64(how/64%9000), To: first.To + 20_000}
	return fsm.SetHours{List: []fsm.HoursTimes{{Channel: fsm.ChannelID{byte(1 + which%3)}, Hours: simHours, Rules: 1, Spans: []weekly.Span{first, second}}}}
}

// followHours takes the hours of the channels as they are now.
func (m *model) followHours() {
	for id, c := range m.channels {
		if c.spec.Hours != "" && len(m.readings) == 0 {
			m.readings = []simReading{{m.serving, m.wall}}
		}
		if _, had := m.hours[id]; c.spec.Hours != "" && !had {
			m.hours[id] = simTimes{asked: m.serving}
		}
	}
	for id := range m.hours {
		if m.channels[id].spec.Hours == "" {
			delete(m.hours, id)
		}
	}
}

func (m *model) setHours(c fsm.SetHours) {
	if len(m.readings) == 0 {
		m.readings = []simReading{{m.serving, m.wall}}
	}
	for _, x := range c.List {
		if old, had := m.hours[x.Channel]; had {
			m.hours[x.Channel] = simTimes{old.asked, x.Spans}
		}
	}
}

// waitsForHours reports whether a channel is told nothing now.
func (m *model) waitsForHours(recipient string) bool {
	id, is := fsm.ChannelOf(recipient)
	if !is {
		_, id = fsm.MailOf(recipient)
	}
	h, has := m.hours[id]
	if !has {
		return false
	}
	if len(h.spans) == 0 {
		return m.serving < h.asked+30_000
	}
	ahead := false
	for _, x := range h.spans {
		begin, end := m.surely(x.From), m.surely(x.To)
		if begin < end && begin <= m.serving && m.serving < end {
			return false
		}
		ahead = ahead || begin < end && begin > m.serving
	}
	return ahead
}

func (m *model) editWindow(cmd fsm.Command) fsm.Code {
	if len(m.readings) == 0 {
		m.readings = []simReading{{m.serving, m.wall}}
	}
	switch c := cmd.(type) {
	case fsm.CreateWindow:
		_, taken := m.windows[c.ID]
		switch {
		case taken:
			return fsm.CodeExists
		case c.Spec.To != 0 && c.Spec.To <= max(m.wall, m.wall-m.clockOff()):
			return fsm.CodeInvalid
		}
		x := simWindow{tags: c.Spec.Tags}
		if c.Spec.To != 0 {
			x.spans = [][2]int64{{c.Spec.From, c.Spec.To}}
		}
		for _, at := range c.Timetable.Times {
			x.spans = append(x.spans, [2]int64{at, at + c.Spec.For*1000})
		}
		m.windows[c.ID] = x
	case fsm.DeleteWindow:
		if _, there := m.windows[c.ID]; !there {
			return fsm.CodeNotFound
		}
		delete(m.windows, c.ID)
	}
	return fsm.CodeOK
}

// surely is the serving time since which the clock shows a wall time, where one that jumped ahead is
// doubted for as long as it jumped, or for ten minutes.
func (m *model) surely(wall int64) int64 {
	at := m.readings[len(m.readings)-1].serving + wall - m.readings[len(m.readings)-1].wall
	for i := len(m.readings) - 1; i > 0 && at <= m.readings[i].serving; i-- {
		at = min(m.readings[i].serving, m.readings[i-1].serving+wall-m.readings[i-1].wall)
	}
	for i := 1; i < len(m.readings); i++ {
		r, before := m.readings[i], m.readings[i-1]
		if jump := r.wall - before.wall - (r.serving - before.serving); jump > 0 && r.serving <= at {
			at = max(at, r.serving+min(jump, 600_000))
		}
	}
	return at
}

// waits reports whether a row of a heartbeat has to wait for the end of a maintenance window, or for the
// grace after one, or for a heartbeat on which its own depends.
func (m *model) waits(r *ledger.Row) bool {
	if !m.hurried[r.ID] && m.waitsForHours(r.Recipient) {
		return true
	}
	b := m.find(func(b *beat) bool { return b.id == r.Heartbeat })
	tells := r.Kind.Alarms() || r.Kind == fsm.AlertUnheard || r.Kind == fsm.AlertRecovered && r.Answers == (fsm.AlertID{}) && r.Evidence.Unpack().Flaps > 0
	if b == nil || !tells || m.hurried[r.ID] {
		return false
	}
	if r.Kind != fsm.AlertUnheard && m.waitsForOther(b, r) {
		return true
	}
	for _, x := range m.windows {
		for _, span := range x.spans {
			begin, end := m.surely(span[0]), m.surely(span[1])
			on := begin < end && begin <= m.serving && m.serving < end+b.spec.Grace*1000
			if on && r.Due < end && slices.ContainsFunc(x.tags, func(tag string) bool { return slices.Contains(b.spec.Tags, tag) }) {
				return true
			}
		}
	}
	return false
}

// checkFence asks that nothing is fenced that has to wait: of a digest, that not all of it has to.
func (m *model) checkFence(id fsm.AlertID) error {
	r := m.rowOf(id)
	if r == nil || m.hurried[id] {
		return nil
	}
	waits := func(r *ledger.Row) bool { return m.waits(r) || m.flapsUntil(r) > 0 }
	if len(r.Members) == 0 && waits(r) || len(r.Members) > 0 && !slices.ContainsFunc(r.Members, func(x fsm.AlertID) bool { return m.rowOf(x) != nil && !waits(m.rowOf(x)) }) {
		return fmt.Errorf("row %x, a %v, is fenced at %d, while it has to wait", id[:3], r.Kind, m.serving)
	}
	return nil
}

// noteWaits counts what waits, and what was sent after it had waited.
func (w *world) noteWaits() {
	for id, r := range w.observer.st.ledger.Rows {
		if r.State == fsm.AlertPending && r.Digest == (fsm.AlertID{}) && r.Due <= w.model.serving && w.model.waits(r) {
			hours := w.model.waitsForHours(r.Recipient)
			w.saw(sawWaits, !w.model.waited[id] && !hours)
			w.saw(sawClosed, !w.model.waited[id] && hours)
			w.model.waited[id] = true
		}
		w.noteDependency(id, r)
		if r.State == fsm.AlertSent && w.model.waited[id] {
			delete(w.model.waited, id)
			w.reached[sawWaited]++
		}
	}
}
