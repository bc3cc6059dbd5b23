package windows

import (
	"iter"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// MaxGrace bounds, in ms, for how long after a window a heartbeat may take its grace to come back.
const MaxGrace = 3600_000

// Subject is a heartbeat, as far as windows look at it.
type Subject struct {
	Tags  []string
	Grace int64 // ms
}

// spans returns the times in which a window is on, by the wall clock, the first first.
func (w *window) spans() iter.Seq2[int64, int64] {
	return func(yield func(from, to int64) bool) {
		if w.spec.Once() {
			yield(w.spec.From, w.spec.To)
			return
		}
		for _, at := range w.starts {
			if !yield(at, at+w.spec.For*1000) {
				return
			}
		}
	}
}

// Defers tells at a serving time until when an alert of a heartbeat has to wait, which was due at
// another, and for which window: through each one of its tags that is on, and for a grace after its end, in which
// the heartbeat may come back. 0: it need not. What is due after the end of a window is none of its concern. subject
// is asked only if a window may matter.
func (t *Table) Defers(clock *timetable.Clock, serving, due int64, subject func() Subject) (until int64, by fsm.Wait) {
	if t == nil {
		return 0, by
	}
	var of *Subject
	for _, w := range t.list {
		for from, to := range w.spans() {
			end := clock.Surely(to)
			if due >= end || serving >= end+MaxGrace {
				continue
			}
			if begin := clock.Surely(from); begin > serving || begin >= end {
				continue
			}
			if of == nil {
				x := subject()
				of = &x
			}
			back := end + min(of.Grace, MaxGrace)
			if serving < back && back > until && w.isFor(of.Tags) {
				until, by = back, fsm.Wait{For: fsm.WaitWindow, ID: w.id.String(), Name: w.spec.Name}
			}
		}
	}
	return until, by
}

func (w *window) isFor(tags []string) bool {
	return slices.ContainsFunc(w.spec.Tags, func(tag string) bool { return slices.Contains(tags, tag) })
}
