package store

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Heartbeats are written in blocks with their length before them, so that they
// can be read quickly. A block ends with its page, or when it is this long.
const (
	blockHead = 4
	blockMost = 1 << 20
)

// writeHeartbeats writes the heartbeats in order of creation, and lets go of their
// pages.
func (st *state) writeHeartbeats(w *imageWriter, s *share) {
	w.Count(st.table.live)
	var histories history.Gathered
	var told []byte
	last := uint64(0)
	for i, p := range st.table.pages {
		if p == nil {
			continue
		}
		histories.Gather(&p.hist)
		begin := w.BeginBlock()
		for slot := range p.vitals {
			v := &p.vitals[slot]
			if !v.is(flagLive) {
				continue
			}
			if len(w.buf)-begin > blockMost {
				w.EndBlock(begin)
				begin = w.BeginBlock()
			}
			ord := uint64(i)*pageSize + uint64(slot) + 1
			w.Uint(ord - last)
			last = ord
			w.buf = v.append(w.buf, p.hist.Head(slot), st)
			w.Bytes(p.textOf(slot))
			w.buf = histories.Append(w.buf, slot)
			told = told[:0]
			if x := p.extrasOf(slot); x != nil {
				told = x.append(told, st)
			}
			w.Bytes(told)
		}
		w.EndBlock(begin)
		if w.err != nil {
			return
		}
		st.table.pages[i] = nil
		s.passed(i + 1)
	}
}

// append writes the vitals in a form that is short for a heartbeat that is well:
// times as differences from ones nearby.
func (v *vitals) append(b []byte, h *history.Head, st *state) []byte {
	b = append(b, v.token[:]...)
	b = binary.AppendUvarint(b, uint64(v.flags&flagsKnown|callerFlags(h.Callers)))
	b = binary.AppendUvarint(b, uint64(v.intervalSecs))
	b = binary.AppendUvarint(b, uint64(v.graceSecs))
	b = append(b, v.threshold)
	b = wire.AppendInt(b, st.serving-v.anchor)
	b = wire.AppendInt(b, st.wall-v.anchorWall)
	b = wire.AppendInt(b, v.base)
	b = wire.AppendInt(b, v.misses)
	b = binary.AppendUvarint(b, uint64(v.missed))
	b = binary.AppendUvarint(b, uint64(v.incident))
	b = wire.AppendInt(b, v.lastAlert)
	b = binary.AppendUvarint(b, uint64(v.flaps))
	if v.flaps > 0 {
		b = wire.AppendInt(b, st.serving-v.flapStart)
	}
	b = binary.AppendUvarint(b, v.pings)
	b = wire.AppendInt(b, v.anchorWall-v.lastPing)
	for _, from := range [...][16]byte{h.Callers.Last(), h.Callers.Other()} {
		if from != ([16]byte{}) {
			b = append(b, from[:]...)
		}
	}
	b = binary.AppendUvarint(b, uint64(h.Kept))
	b = wire.AppendInt(b, v.lastPing-h.Newest)
	return wire.AppendInt(b, h.Step)
}

// callerFlags are those of an image that has the addresses.
func callerFlags(c history.Callers) (f flags) {
	if c.Last() != ([16]byte{}) {
		f |= flagFrom
	}
	if c.Other() != ([16]byte{}) {
		f |= flagOther
	}
	return f
}
