package wire

import (
	"encoding/binary"
	"net/netip"
)

// AppendUint appends v as an unsigned varint.
func AppendUint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

// AppendInt appends v as a zigzag varint.
func AppendInt(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

// AppendBytes appends the length of b and b.
func AppendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// AppendString appends the length of s in bytes and s.
func AppendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// AppendStrings appends the length of the list and each of its strings.
func AppendStrings(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = AppendString(dst, s)
	}
	return dst
}

// AppendRising appends a list of positive numbers, each of which is higher than the one
// before.
func AppendRising(dst []byte, list []int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	last := int64(0)
	for _, v := range list {
		dst = binary.AppendUvarint(dst, uint64(v-last))
		last = v
	}
	return dst
}

// AppendBool appends 1 for true and 0 for false.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendAddr appends the length of an address (0, 4 or 16) and its bytes. A zone
// means nothing outside its host and is dropped.
func AppendAddr(dst []byte, a netip.Addr) []byte {
	b := a.Unmap().WithZone("").AsSlice()
	return append(append(dst, byte(len(b))), b...)
}

// Zigzag maps small negative and positive numbers to small unsigned ones.
func Zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

// Unzigzag is the inverse of Zigzag.
func Unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
