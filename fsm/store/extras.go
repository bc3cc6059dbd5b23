package store

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// extras is what a heartbeat has that was sent more than plain pings. Few have
// it, so it is not in the vitals. Snapshots share it: who writes has a copy.
type extras struct {
	epoch  uint64
	open   []openRun // in the order in which they began
	bodies []body    // the newest, oldest first
	size   int       // of the bodies, with bodyCost
	ended  uint64    // the number of the newest ping that ended a run
	exit   int       // what that told
	took   int64     // and how long its run was, ms

	incident incident
	resumed  int64 // wall: when it was, if no ping came since; 0: it was not
}

// body is what came with a ping. Its text is never written to.
type body struct {
	number uint64
	text   []byte
}

// bodyCost is what a body takes beside its text.
const bodyCost = 64

func newExtras(epoch uint64) *extras { return &extras{epoch: epoch, exit: fsm.None, took: fsm.None} }

// extrasOf returns what a heartbeat has beside its vitals, nil for most.
func (p *page) extrasOf(slot int) *extras {
	if p.extras == nil {
		return nil
	}
	return p.extras[slot]
}

// ownExtras returns a heartbeat's extras for writing.
func (t *table) ownExtras(ord uint64) *extras {
	p, slot := t.own(ord)
	if p.extras == nil {
		p.extras = &[pageSize]*extras{}
	}
	x := p.extras[slot]
	switch {
	case x == nil:
		x = newExtras(t.epoch)
	case x.epoch != t.epoch:
		c := *x
		c.epoch, c.open, c.bodies = t.epoch, slices.Clone(c.open), slices.Clone(c.bodies)
		x = &c
	}
	p.extras[slot] = x
	return x
}

// bare reports whether the extras tell nothing.
func (x *extras) bare() bool {
	return len(x.open) == 0 && len(x.bodies) == 0 && x.exit == fsm.None && x.took == fsm.None && x.incident == incident{} && x.resumed == 0
}

// shed lets go of the extras of a heartbeat that needs none any more, so that its
// pings are plain again.
func (t *table) shed(r *record) {
	if r.extras == nil || !r.extras.bare() {
		return
	}
	p, slot := t.own(r.ord)
	p.extras[slot], r.extras = nil, nil
}

// deadline returns the serving time of the next miss or overdue run that is not yet
// taken.
func (p *page) deadline(slot int) int64 {
	return min(p.vitals[slot].nextMiss(), p.extrasOf(slot).runDeadline())
}

// keep files the body of a ping, and lets go of the oldest beyond MaxBodies.
func (x *extras) keep(number uint64, text []byte) {
	if len(text) == 0 {
		return
	}
	x.bodies = append(x.bodies, body{number, slices.Clone(text)})
	x.size += len(text) + bodyCost
	for x.size > fsm.MaxBodies {
		x.drop()
	}
}

func (x *extras) drop() {
	x.size -= len(x.bodies[0].text) + bodyCost
	x.bodies = slices.Delete(x.bodies, 0, 1)
}

// prune lets go of the bodies of pings up to a number: they left the history.
func (x *extras) prune(upTo uint64) {
	for len(x.bodies) > 0 && x.bodies[0].number <= upTo {
		x.drop()
	}
}

// bodyOf returns what came with a ping, nil if that is not known.
func (x *extras) bodyOf(number uint64) []byte {
	if x == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(x.bodies, number, func(b body, n uint64) int {
		if b.number < n {
			return -1
		}
		return int(min(b.number-n, 1))
	})
	if !found {
		return nil
	}
	return x.bodies[i].text
}

// lastEnd is the number of the newest ping that ended a run. What came with it, or
// after it, is the newest there is to read.
func (x *extras) lastEnd() uint64 {
	if x == nil {
		return 0
	}
	return x.ended
}

// printed returns the end of the newest body, if that came with the ping of a
// number or later.
func (x *extras) printed(since uint64) string {
	if x == nil || len(x.bodies) == 0 {
		return ""
	}
	b := x.bodies[len(x.bodies)-1]
	if b.number < since {
		return ""
	}
	return excerpt(b.text)
}

// excerpt is the end of a text, cut on a UTF-8 boundary.
func excerpt(b []byte) string {
	if len(b) <= fsm.MaxExcerpt {
		return string(b)
	}
	b = b[len(b)-fsm.MaxExcerpt:]
	for i := 0; i < utf8.UTFMax; i++ {
		if utf8.RuneStart(b[i]) {
			return string(b[i:])
		}
	}
	return string(b) // not UTF-8 at all
}

// append writes the extras for an image: times as differences.
func (x *extras) append(b []byte, st *state) []byte {
	b = binary.AppendUvarint(b, uint64(len(x.open)))
	for _, o := range x.open {
		b = wire.AppendBool(b, o.named)
		if o.named {
			b = append(b, o.id[:]...)
		}
		b = wire.AppendInt(wire.AppendInt(b, st.serving-o.start), st.wall-o.wall)
		b = binary.AppendUvarint(b, uint64(o.late))
		b = binary.AppendUvarint(b, uint64(o.deadline))
	}
	b = binary.AppendUvarint(b, uint64(len(x.bodies)))
	for _, y := range x.bodies {
		b = binary.AppendUvarint(b, y.number)
		b = append(binary.AppendUvarint(b, uint64(len(y.text))), y.text...)
	}
	b = binary.AppendUvarint(b, x.ended)
	b = wire.AppendInt(wire.AppendInt(b, int64(x.exit)), x.took)
	b = wire.AppendInt(wire.AppendInt(b, x.incident.since), x.incident.silent)
	b = wire.AppendInt(wire.AppendInt(b, x.incident.misses), x.incident.failures)
	return wire.AppendInt(b, x.resumed)
}

// readExtras is the inverse of append; nil if b is not what it writes.
func readExtras(b []byte, st *state) *extras {
	r := wire.NewReader(b)
	x := newExtras(0)
	for n := r.Count(); n > 0 && r.OK(); n-- {
		o := openRun{named: r.Bool()}
		if o.named {
			r.Fill(o.id[:])
		}
		o.start, o.wall = st.serving-r.Int(), st.wall-r.Int()
		o.late, o.deadline = r.Millis(), r.Millis()
		x.open = append(x.open, o)
	}
	for n, last := r.Count(), uint64(0); n > 0 && r.OK(); n-- {
		number := r.Uint()
		if number <= last {
			r.Fail()
		}
		last = number
		text := r.Take(r.Uint())
		if len(text) == 0 {
			r.Fail()
		}
		x.bodies = append(x.bodies, body{number, slices.Clone(text)})
		x.size += len(text) + bodyCost
	}
	x.ended = r.Uint()
	x.exit, x.took = r.Int32(), r.Int()
	x.incident = incident{since: r.Int(), silent: r.Int(), misses: r.Int(), failures: r.Int()}
	x.resumed = r.Int()
	if r.End() != nil || len(x.open) > fsm.MaxOpenRuns || x.size > fsm.MaxBodies || x.exit < fsm.None || x.exit > fsm.MaxExit || x.took < fsm.None || x.incident.silent < fsm.None {
		return nil
	}
	return x
}
