package testkit

import (
	"bytes"
	"encoding/binary"
)

// Flip returns a copy of b with one bit of byte i flipped.
func Flip(b []byte, i int) []byte {
	c := bytes.Clone(b)
	c[i] ^= 4
	return c
}

// Key gives the n-th idempotency key; keys are spread as those of a hash are.
func Key(n int) (k [16]byte) {
	h := uint64(n) * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	binary.LittleEndian.PutUint64(k[:], h^h>>31)
	return k
}
