package windows

import (
	"bytes"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// Table holds the windows, and the hours of channels. The zero Table is empty, and so is nil for those who read.
type Table struct {
	byID  map[fsm.WindowID]*window
	hours map[fsm.ChannelID]*hours

	// Derived.
	list []*window // in the order of their IDs
}

// window is one window. starts are the times at which it begins by its schedule, as far as they are
// known, and needed: rising.
type window struct {
	id      fsm.WindowID
	spec    fsm.WindowSpec
	created int64 // wall
	rules   uint32
	starts  []int64 // wall
}

const (
	topUpAt   = 4  // how few times may be left before more are wanted
	maxStarts = 64 // that are kept
)

// IsEmpty reports whether there are neither windows nor hours.
func (t *Table) IsEmpty() bool { return len(t.byID)+len(t.hours) == 0 }

// Run applies a command at a wall time. shown is what the clock shows by its newest reading, which may
// be a moment behind.
func (t *Table) Run(c fsm.Command, wall, shown int64) fsm.Code {
	switch c := c.(type) {
	case fsm.CreateWindow:
		if c.Spec.Once() && c.Spec.From == 0 {
			c.Spec.From = shown
		}
		return t.create(c, max(wall, shown))
	case fsm.DeleteWindow:
		if t.byID[c.ID] == nil {
			return fsm.CodeNotFound
		}
		delete(t.byID, c.ID)
		t.derive()
		return fsm.CodeOK
	case fsm.SetWindowTimes:
		for _, x := range c.List {
			t.topUp(x, wall)
		}
		return fsm.CodeOK
	case fsm.SetHours:
		t.setHours(c)
		return fsm.CodeOK
	}
	return fsm.CodeInvalid
}

func (t *Table) create(c fsm.CreateWindow, wall int64) fsm.Code {
	switch {
	case t.byID[c.ID] != nil:
		return fsm.CodeExists
	case c.ID == (fsm.WindowID{}) || c.Spec.Validate() != nil || c.Spec.Once() && c.Spec.To <= wall:
		return fsm.CodeInvalid
	}
	if len(t.byID) >= fsm.MaxWindows {
		t.dropEnded(wall)
	}
	if len(t.byID) >= fsm.MaxWindows {
		return fsm.CodeQuota
	}
	w := &window{id: c.ID, spec: c.Spec.Clone(), created: wall}
	if !w.spec.Once() {
		w.rules, w.starts = c.Timetable.Rules, slices.Clone(c.Timetable.Times)
	}
	t.put(w)
	t.derive()
	return fsm.CodeOK
}

// dropEnded drops the windows that are over and keep nothing back any more.
func (t *Table) dropEnded(wall int64) {
	for id, w := range t.byID {
		if w.spec.Once() && w.spec.To+MaxGrace <= wall {
			delete(t.byID, id)
		}
	}
}

// topUp gives a window the times after x.Since. Those before it that keep nothing back any more go.
func (t *Table) topUp(x fsm.WindowTimes, wall int64) {
	old := t.byID[x.ID]
	if old == nil || old.spec.Once() {
		return
	}
	w := *old
	w.rules, w.starts = x.Rules, nil
	for _, at := range old.starts {
		if at <= x.Since && at+w.spec.For*1000+MaxGrace > wall {
			w.starts = append(w.starts, at)
		}
	}
	for _, at := range x.Times {
		if at > x.Since && len(w.starts) < maxStarts {
			w.starts = append(w.starts, at)
		}
	}
	t.byID[w.id] = &w
	t.derive()
}

func (t *Table) put(w *window) {
	if t.byID == nil {
		t.byID = map[fsm.WindowID]*window{}
	}
	t.byID[w.id] = w
}

func (t *Table) derive() {
	t.list = slices.SortedFunc(maps.Values(t.byID), func(a, b *window) int { return bytes.Compare(a.id[:], b.id[:]) })
}

// Wanted lists the windows that want more times at a wall time, or have other rules.
func (t *Table) Wanted(wall int64, rules uint32) (list []fsm.WantedWindow) {
	for _, w := range t.list {
		if w.spec.Once() || w.rules == rules && len(w.starts) >= topUpAt && w.starts[len(w.starts)-topUpAt] > wall {
			continue
		}
		x := fsm.WantedWindow{ID: w.id, Schedule: w.spec.Schedule, TZ: w.spec.TZ, Since: wall, Rules: w.rules}
		if n := len(w.starts); n > 0 {
			x.Last = w.starts[n-1]
			x.Since = min(wall, x.Last)
		}
		list = append(list, x)
	}
	return list
}

// List returns all windows, the newest first.
func (t *Table) List(clock *timetable.Clock, serving int64) []fsm.Window {
	list := make([]fsm.Window, 0, len(t.list))
	for _, w := range t.list {
		list = append(list, w.view(clock, serving))
	}
	slices.SortStableFunc(list, func(a, b fsm.Window) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return list
}

func (w *window) view(clock *timetable.Clock, serving int64) fsm.Window {
	x := fsm.Window{ID: w.id, Spec: w.spec, CreatedAt: fsm.WallTime(w.created)}
	for from, to := range w.spans() {
		begin, end := clock.Surely(from), clock.Surely(to)
		if begin >= end || end <= serving {
			continue
		}
		return fsm.Window{ID: x.ID, Spec: x.Spec, CreatedAt: x.CreatedAt, On: begin <= serving, Begins: fsm.WallTime(from), Ends: fsm.WallTime(to)}
	}
	return x
}
