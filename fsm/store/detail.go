package store

import (
	"encoding/binary"
	"net/netip"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// detail is what an entry of a history tells besides its time. Most have none.
type detail struct {
	kind   fsm.SignalKind
	exit   int // none, or 0 to MaxExit
	hasRun bool
	run    [16]byte
	took   int64 // ms; none
	late   int64 // ms that it came after it was sent; 0: at once
	from   netip.Addr
	key    []byte // shortKeyLen bytes, or nil
	paused bool   // the heartbeat was

	dropped int // bytes of the body that was left out; 0: none

	callers callerChange
	lost    netip.Addr // with newCaller
}

// The first number of a detail has the kind in its lowest bits, and then what follows.
const (
	detailKind   = 3
	detailExit   = 1 << 2
	detailRun    = 1 << 3
	detailTook   = 1 << 4
	detailFrom   = 1 << 5
	detailLate   = 1 << 6
	detailKey    = 1 << 7
	detailPaused = 1 << 8
	detailDrop   = 1 << 9
	detailSwap   = 1 << 10
	detailNew    = 1 << 11
	detailAll    = 1<<12 - 1
)

// shortKeyLen is how much is kept of a key. Within one history that is plenty.
const shortKeyLen = 8

func shortKey(k [16]byte) []byte {
	if k == ([16]byte{}) {
		return nil
	}
	return k[:shortKeyLen]
}

// plainDetail is that of an entry without any.
func plainDetail() detail { return detail{exit: fsm.None, took: fsm.None} }

// append writes a detail; a plain one is nothing.
func (d *detail) append(b []byte) []byte {
	bits := uint64(d.kind)
	for _, x := range []struct {
		has bool
		bit uint64
	}{
		{d.exit != fsm.None, detailExit},
		{d.hasRun, detailRun},
		{d.took != fsm.None, detailTook},
		{d.from.IsValid(), detailFrom},
		{d.late > 0, detailLate},
		{d.key != nil, detailKey},
		{d.paused && d.key != nil, detailPaused}, // it is for who asks again
		{d.dropped > 0, detailDrop},
		{d.callers == swapCaller, detailSwap},
		{d.callers == newCaller, detailNew},
	} {
		if x.has {
			bits |= x.bit
		}
	}
	if bits == 0 {
		return b
	}
	b = binary.AppendUvarint(b, bits)
	if bits&detailExit != 0 {
		b = append(b, byte(d.exit))
	}
	if bits&detailRun != 0 {
		b = append(b, d.run[:]...)
	}
	if bits&detailTook != 0 {
		b = binary.AppendUvarint(b, uint64(d.took))
	}
	if bits&detailFrom != 0 {
		b = wire.AppendAddr(b, d.from)
	}
	if bits&detailLate != 0 {
		b = binary.AppendUvarint(b, uint64(d.late))
	}
	if bits&detailDrop != 0 {
		b = binary.AppendUvarint(b, uint64(d.dropped))
	}
	if bits&detailNew != 0 {
		b = wire.AppendAddr(b, d.lost)
	}
	return append(b, d.key...)
}

// readDetail is the inverse of append.
func readDetail(b []byte) (d detail, ok bool) {
	d = plainDetail()
	if len(b) == 0 {
		return d, true
	}
	r := wire.NewReader(b)
	bits := r.Uint()
	if bits == 0 || bits > detailAll {
		return d, false
	}
	d.kind = fsm.SignalKind(bits & detailKind)
	if bits&detailExit != 0 {
		d.exit = int(r.Byte())
	}
	if d.hasRun = bits&detailRun != 0; d.hasRun {
		r.Fill(d.run[:])
	}
	if bits&detailTook != 0 {
		d.took = r.Millis()
	}
	if bits&detailFrom != 0 {
		d.from = r.Addr()
	}
	if bits&detailLate != 0 {
		d.late = r.Millis()
	}
	if bits&detailDrop != 0 {
		n := r.Uint()
		d.dropped = int(min(n, fsm.MaxBody))
		if n == 0 || n > fsm.MaxBody {
			r.Fail()
		}
	}
	switch {
	case bits&detailSwap != 0 && bits&detailNew != 0:
		r.Fail()
	case bits&detailSwap != 0:
		d.callers = swapCaller
	case bits&detailNew != 0:
		d.callers, d.lost = newCaller, r.Addr()
	}
	if bits&detailKey != 0 {
		d.key = r.Take(shortKeyLen)
	}
	d.paused = bits&detailPaused != 0
	return d, r.End() == nil
}
