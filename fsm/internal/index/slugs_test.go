package index

import "testing"

// TestOneSlugForAllIsNoBurden has what every heartbeat without a name of its own
// might get.
func TestOneSlugForAllIsNoBurden(t *testing.T) {
	x := NewSlugs(func(uint64) []byte { return []byte("heartbeat") })
	const many = 200_000
	for i := uint64(1); i <= many; i++ {
		x.Add("heartbeat", i)
	}
	if ord, n := x.Find("heartbeat"); n != many {
		t.Errorf("%d found, and %d", n, ord)
	}
	for i := uint64(1); i < many; i++ {
		x.Remove("heartbeat", i)
	}
	if ord, n := x.Find("heartbeat"); n != 1 || ord != many {
		t.Errorf("%d found, and %d", n, ord)
	}
	if len(x.one)+len(x.rest) != 1 {
		t.Errorf("%d and %d entries for one slug", len(x.one), len(x.rest))
	}
}
