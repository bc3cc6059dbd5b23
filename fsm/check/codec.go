package check

import (
	"encoding/binary"
	"math"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// maxWhole is up to where all whole numbers are exact; they are written short.
const maxWhole = 1 << 53

// AppendValue appends a value: a whole number as a varint whose lowest bit is 0, any other as
// a byte 1 and its bits.
func AppendValue(dst []byte, v float64) []byte {
	if math.Abs(v) < maxWhole && v == math.Trunc(v) {
		return binary.AppendUvarint(dst, wire.Zigzag(int64(v))<<1)
	}
	return binary.BigEndian.AppendUint64(append(dst, 1), math.Float64bits(v))
}

// ReadValue reads what AppendValue wrote.
func ReadValue(r *wire.Reader) float64 {
	n := r.Uint()
	if n&1 == 0 {
		v := wire.Unzigzag(n >> 1)
		if v <= -maxWhole || v >= maxWhole {
			r.Fail()
		}
		return float64(v)
	}
	b := r.Take(8)
	if n != 1 || len(b) != 8 {
		r.Fail()
		return 0
	}
	v := math.Float64frombits(binary.BigEndian.Uint64(b))
	if !IsFinite(v) || math.Abs(v) < maxWhole && v == math.Trunc(v) {
		r.Fail()
		return 0
	}
	return v
}

// AppendNumbers appends the numbers of a ping, in the order of their names.
func AppendNumbers(dst []byte, list []Number) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, n := range list {
		dst = AppendValue(wire.AppendString(dst, n.Name), n.Value)
	}
	return dst
}

// ReadNumbers reads what AppendNumbers wrote; nil if there are none.
func ReadNumbers(r *wire.Reader) (list []Number) {
	for n := r.CountOf(2, MaxNumbers); n > 0 && r.OK(); n-- {
		x := Number{r.String(), ReadValue(r)}
		if !IsName(x.Name) || len(list) > 0 && list[len(list)-1].Name >= x.Name {
			r.Fail()
		}
		list = append(list, x)
	}
	if !r.OK() {
		return nil
	}
	return list
}
