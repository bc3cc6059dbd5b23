package history

import (
	"encoding/binary"
	"net/netip"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Detail is what an entry tells besides its time. Most have none.
type Detail struct {
	Kind     fsm.SignalKind
	Exit     int // fsm.NotKnown, or 0 to fsm.MaxExit
	HasRun   bool
	Run      [16]byte
	Took     int64      // ms, of the run that it ended; fsm.NotKnown
	Late     int64      // ms that it came after it was sent; 0: at once
	From     netip.Addr // if the head's Callers do not tell it
	ShortKey []byte     // ShortKey, or nil
	Paused   bool       // the heartbeat was paused

	Dropped int // bytes of the body that was left out; 0: none

	change callerChange
	lost   netip.Addr // with newCaller
}

// A Detail begins with a number: the kind in its lowest bits, and a bit for each field that
// follows.
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

// ShortKeyLen is how many bytes of an idempotency key are kept. They tell the keys of one
// history apart.
const ShortKeyLen = 8

func ShortKey(k [16]byte) []byte {
	if k == ([16]byte{}) {
		return nil
	}
	return k[:ShortKeyLen]
}

// PlainDetail returns the Detail of a plain ping, which takes no bytes.
func PlainDetail() Detail { return Detail{Exit: fsm.NotKnown, Took: fsm.NotKnown} }

// append appends the encoding of a Detail.
func (d *Detail) append(b []byte) []byte {
	bits := uint64(d.Kind)
	for _, x := range []struct {
		has bool
		bit uint64
	}{
		{d.Exit != fsm.NotKnown, detailExit},
		{d.HasRun, detailRun},
		{d.Took != fsm.NotKnown, detailTook},
		{d.From.IsValid(), detailFrom},
		{d.Late > 0, detailLate},
		{d.ShortKey != nil, detailKey},
		{d.Paused && d.ShortKey != nil, detailPaused}, // it answers repeats, which have a key
		{d.Dropped > 0, detailDrop},
		{d.change == swapCaller, detailSwap},
		{d.change == newCaller, detailNew},
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
		b = append(b, byte(d.Exit))
	}
	if bits&detailRun != 0 {
		b = append(b, d.Run[:]...)
	}
	if bits&detailTook != 0 {
		b = binary.AppendUvarint(b, uint64(d.Took))
	}
	if bits&detailFrom != 0 {
		b = wire.AppendAddr(b, d.From)
	}
	if bits&detailLate != 0 {
		b = binary.AppendUvarint(b, uint64(d.Late))
	}
	if bits&detailDrop != 0 {
		b = binary.AppendUvarint(b, uint64(d.Dropped))
	}
	if bits&detailNew != 0 {
		b = wire.AppendAddr(b, d.lost)
	}
	return append(b, d.ShortKey...)
}

// ReadDetail is the inverse of append.
func ReadDetail(b []byte) (d Detail, ok bool) {
	d = PlainDetail()
	if len(b) == 0 {
		return d, true
	}
	r := wire.NewReader(b)
	bits := r.Uint()
	if bits == 0 || bits > detailAll {
		return d, false
	}
	d.Kind = fsm.SignalKind(bits & detailKind)
	if bits&detailExit != 0 {
		d.Exit = int(r.Byte())
	}
	if d.HasRun = bits&detailRun != 0; d.HasRun {
		r.Fill(d.Run[:])
	}
	if bits&detailTook != 0 {
		d.Took = r.Millis()
	}
	if bits&detailFrom != 0 {
		d.From = r.Addr()
	}
	if bits&detailLate != 0 {
		d.Late = r.Millis()
	}
	if bits&detailDrop != 0 {
		n := r.Uint()
		d.Dropped = int(min(n, fsm.MaxBody))
		if n == 0 || n > fsm.MaxBody {
			r.Fail()
		}
	}
	switch {
	case bits&detailSwap != 0 && bits&detailNew != 0:
		r.Fail()
	case bits&detailSwap != 0:
		d.change = swapCaller
	case bits&detailNew != 0:
		d.change, d.lost = newCaller, r.Addr()
	}
	if bits&detailKey != 0 {
		d.ShortKey = r.Take(ShortKeyLen)
	}
	d.Paused = bits&detailPaused != 0
	return d, r.End() == nil
}
