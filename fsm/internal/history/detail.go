package history

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/check"
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

	Numbers Numbers
	Broke   string // how it broke a check: then it is a failure, though the job took it for a good run

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
	detailNums   = 1 << 12
	detailBroke  = 1 << 13
	detailAll    = 1<<14 - 1
)

// Numbers are the figures of a ping, and which of its heartbeat's names they have: a bit for
// each place.
type Numbers struct {
	Names  uint16
	Values []float64 // one for each bit, the lowest first
}

func (n *Numbers) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(n.Names))
	for _, v := range n.Values {
		b = check.AppendValue(b, v)
	}
	return b
}

func readNumbers(r *wire.Reader) (n Numbers) {
	n.Names = uint16(r.UpTo(math.MaxUint16))
	if n.Names == 0 {
		r.Fail()
	}
	for range bits.OnesCount16(n.Names) {
		n.Values = append(n.Values, check.ReadValue(r))
	}
	return n
}

// brokeMost bounds what an entry has of the words of a broken check, in bytes. With all else
// that it may have that stays below maxExtra.
const brokeMost = 150

// cutWords returns the beginning of a text that an entry has room for.
func cutWords(text string, room int) string {
	room = max(0, min(brokeMost, room))
	if len(text) <= room {
		return text
	}
	for room > 0 && !utf8.RuneStart(text[room]) {
		room--
	}
	return text[:room]
}

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
	flags := uint64(d.Kind)
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
		{d.Numbers.Names != 0, detailNums},
		{d.Broke != "", detailBroke},
	} {
		if x.has {
			flags |= x.bit
		}
	}
	if flags == 0 {
		return b
	}
	b = binary.AppendUvarint(b, flags)
	if flags&detailExit != 0 {
		b = append(b, byte(d.Exit))
	}
	if flags&detailRun != 0 {
		b = append(b, d.Run[:]...)
	}
	if flags&detailTook != 0 {
		b = binary.AppendUvarint(b, uint64(d.Took))
	}
	if flags&detailFrom != 0 {
		b = wire.AppendAddr(b, d.From)
	}
	if flags&detailLate != 0 {
		b = binary.AppendUvarint(b, uint64(d.Late))
	}
	if flags&detailDrop != 0 {
		b = binary.AppendUvarint(b, uint64(d.Dropped))
	}
	if flags&detailNew != 0 {
		b = wire.AppendAddr(b, d.lost)
	}
	if flags&detailNums != 0 {
		b = d.Numbers.append(b)
	}
	if flags&detailBroke != 0 {
		b = wire.AppendString(b, cutWords(d.Broke, maxExtra-len(b)-len(d.ShortKey)-2))
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
	flags := r.Uint()
	if flags == 0 || flags > detailAll {
		return d, false
	}
	d.Kind = fsm.SignalKind(flags & detailKind)
	if flags&detailExit != 0 {
		d.Exit = int(r.Byte())
	}
	if d.HasRun = flags&detailRun != 0; d.HasRun {
		r.Fill(d.Run[:])
	}
	if flags&detailTook != 0 {
		d.Took = r.Millis()
	}
	if flags&detailFrom != 0 {
		d.From = r.Addr()
	}
	if flags&detailLate != 0 {
		d.Late = r.Millis()
	}
	if flags&detailDrop != 0 {
		n := r.Uint()
		d.Dropped = int(min(n, fsm.MaxBody))
		if n == 0 || n > fsm.MaxBody {
			r.Fail()
		}
	}
	switch {
	case flags&detailSwap != 0 && flags&detailNew != 0:
		r.Fail()
	case flags&detailSwap != 0:
		d.change = swapCaller
	case flags&detailNew != 0:
		d.change, d.lost = newCaller, r.Addr()
	}
	if flags&detailNums != 0 {
		d.Numbers = readNumbers(&r)
	}
	if flags&detailBroke != 0 {
		d.Broke = r.String()
	}
	if flags&detailKey != 0 {
		d.ShortKey = r.Take(ShortKeyLen)
	}
	d.Paused = flags&detailPaused != 0
	return d, r.End() == nil
}
