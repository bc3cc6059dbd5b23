package table

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"pgregory.net/rapid"
)

// TestTheFirstThatIsDueIsFound compares with a look at all heartbeats, whatever
// changed without the order being told: pings move deadlines later.
func TestTheFirstThatIsDueIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := New(fsm.MaxAllBodies)
		const n = 300
		ordinal := rapid.Custom(func(t *rapid.T) uint64 { return uint64(rapid.IntRange(1, n).Draw(t, "ord")) })
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			ord := ordinal.Draw(t, "ord")
			at := int64(rapid.IntRange(0, 1000).Draw(t, "at"))
			v := tab.Hot(ord)
			switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
			case v == nil:
				tab.Add(ord, Cold{}).Set(Armed)
				tab.OwnHot(ord).Anchor = at
				tab.Schedule(ord, at)
			case kind == 0:
				tab.Remove(ord)
			case kind == 1:
				v.Flags ^= Paused
				tab.Schedule(ord, v.NextMiss(nil))
			case kind == 2:
				v.Anchor -= at
				tab.Schedule(ord, v.NextMiss(nil))
			default:
				v.Anchor += at
			}
			limit := int64(rapid.IntRange(0, 2000).Draw(t, "limit"))
			want := Due{Deadline: limit + 1}
			for ord := uint64(1); ord <= n; ord++ {
				if v := tab.Hot(ord); v != nil && v.IsJudged() && v.NextMiss(nil) < want.Deadline {
					want = Due{v.NextMiss(nil), ord}
				}
			}
			got, found, finished := tab.NextDue(limit, rapid.IntRange(0, 3).Draw(t, "pages"))
			if !finished {
				got, found, _ = tab.NextDue(limit, n)
			}
			if found != (want.Ord != 0) || (found && got != want) {
				t.Fatalf("found %+v, %v, want %+v", got, found, want)
			}
		}
	})
}
