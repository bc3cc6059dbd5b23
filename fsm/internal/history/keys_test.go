package history

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestAFilterSeldomErrs is what the cost of a new key rests on.
func TestAFilterSeldomErrs(t *testing.T) {
	const n, asked = 600, 100_000
	var entries []byte
	for i := range n {
		key := testkit.Key(i + 1)
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
		key := testkit.Key(i + 1)
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
