package windows

import (
	"bytes"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
)

// patience is for how long, in ms of serving time, a channel waits for the times of its hours, which the
// leader computes: one that cannot must not keep alerts back for ever.
const patience = 30_000

// hours are the hours of one channel, and when they are.
type hours struct {
	channel fsm.ChannelID
	text    string
	asked   int64 // serving: since when they are
	rules   uint32
	spans   []weekly.Span // none: not known yet
}

// Follow takes the hours of all channels as they are now.
func (t *Table) Follow(channels []fsm.Channel, serving int64) {
	next := map[fsm.ChannelID]*hours{}
	for _, c := range channels {
		if c.Spec.Hours == "" {
			continue
		}
		next[c.ID] = &hours{channel: c.ID, text: c.Spec.Hours, asked: serving}
		if old := t.hours[c.ID]; old != nil && old.text == c.Spec.Hours {
			next[c.ID] = old
		}
	}
	t.hours = next
}

// HasHours reports whether a channel has hours.
func (t *Table) HasHours() bool { return len(t.hours) > 0 }

func (t *Table) setHours(c fsm.SetHours) {
	for _, x := range c.List {
		if old := t.hours[x.Channel]; old != nil && old.text == x.Hours {
			next := *old
			next.rules, next.spans = x.Rules, slices.Clone(x.Spans)
			t.hours[x.Channel] = &next
		}
	}
}

// WantedHours lists the hours that want more times at a wall time, or have other rules.
func (t *Table) WantedHours(wall int64, rules uint32) (list []fsm.WantedHours) {
	for _, h := range t.hoursInOrder() {
		if h.rules == rules && len(h.spans) >= topUpAt && h.spans[len(h.spans)-topUpAt].From > wall {
			continue
		}
		x := fsm.WantedHours{Channel: h.channel, Hours: h.text, Rules: h.rules}
		if n := len(h.spans); n > 0 {
			x.Last = h.spans[n-1].To
		}
		list = append(list, x)
	}
	return list
}

func (t *Table) hoursInOrder() []*hours {
	return slices.SortedFunc(maps.Values(t.hours), func(a, b *hours) int { return bytes.Compare(a.channel[:], b.channel[:]) })
}

// Knows reports whether it is known when the hours of a channel are. Until then, it is told nothing for a while.
func (t *Table) Knows(id fsm.ChannelID) bool {
	h := t.hours[id]
	return h == nil || len(h.spans) > 0
}

// Hours tells at a serving time until when a channel is told nothing; 0: it is told, since opened, if that
// is known. If no times are known any more it is told: what is not told at all is worse.
func (t *Table) Hours(id fsm.ChannelID, clock *timetable.Clock, serving int64) (until, opened int64) {
	h := t.hours[id]
	switch {
	case h == nil:
		return 0, 0
	case len(h.spans) == 0 && serving < h.asked+patience:
		return h.asked + patience, 0
	}
	for _, x := range h.spans {
		begin, end := clock.Surely(x.From), clock.Surely(x.To)
		switch {
		case begin >= end || end <= serving:
		case begin > serving:
			return begin, 0
		default:
			return 0, begin
		}
	}
	return 0, 0
}
