package history

import (
	"encoding/binary"
	"testing"
)

// testKey gives keys that are spread as those of a hash are.
func testKey(n int) (k [16]byte) {
	h := uint64(n) * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	binary.LittleEndian.PutUint64(k[:], h^h>>31)
	return k
}

// TestAFilterSeldomErrs is what the cost of a new key rests on.
func TestAFilterSeldomErrs(t *testing.T) {
	const n, asked = 600, 100_000
	var entries []byte
	for i := range n {
		key := testKey(i + 1)
		d := PlainDetail()
		d.ShortKey = ShortKey(key)
		entries = appendEntry(entries, 0, d.append(nil))
	}
	f := filterOf(entries)
	if size := 8 * len(f); size > 2*n {
		t.Errorf("%d bytes for %d keys", size, n)
	}
	errs := 0
	for i := range asked {
		key := testKey(i + 1)
		if may := f.mayHaveKey(ShortKey(key)); i < n && !may {
			t.Fatalf("key %d of the entries is not found", i)
		} else if i >= n && may {
			errs++
		}
	}
	t.Logf("%d of %d errors", errs, asked)
	if errs > asked/50 {
		t.Errorf("%d of %d keys that are new may be there", errs, asked)
	}
}
