package index

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// TestTheIndexFindsWhatWasPut compares with a map, through several moves to a
// larger table.
func TestTheIndexFindsWhatWasPut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, want := New(0), map[Key]uint64{}
		key := func(n uint64) (k Key) {
			binary.LittleEndian.PutUint64(k[:], n)
			return k
		}
		keys := rapid.SampledFrom([]uint64{50, 10_000}).Draw(t, "keys")
		next := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			put := rapid.Bool().Draw(t, "put")
			from := rapid.Uint64Range(0, keys).Draw(t, "from")
			for n := from; n < from+100; n++ {
				_, there := want[key(n)]
				switch {
				case put && !there:
					next++
					x.Put(key(n), next)
					want[key(n)] = next
				case !put && there:
					x.Remove(key(n))
					delete(want, key(n))
				}
			}
		}
		for n := range keys + 100 {
			ord, there := want[key(n)]
			if got, ok := x.Find(key(n)); ok != there || got != ord {
				t.Fatalf("%d: found %d, %v, want %d, %v", n, got, ok, ord, there)
			}
		}
		if len(want) != x.live {
			t.Fatalf("%d are there, want %d", x.live, len(want))
		}
		if size := len(x.tables.Load().cur); size > 2*int(next)+64 {
			t.Fatalf("%d slots for %d", size, next)
		}
	})
}
