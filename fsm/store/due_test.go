package store

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"pgregory.net/rapid"
)

// TestTheFirstThatIsDueIsFound compares with a look at all heartbeats, whatever
// changed without the order being told: pings move deadlines later.
func TestTheFirstThatIsDueIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := table{onlyPost: index.NewOrdinalSet()}
		var d due
		const n = 300
		ordinal := rapid.Custom(func(t *rapid.T) uint64 { return uint64(rapid.IntRange(1, n).Draw(t, "ord")) })
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			ord := ordinal.Draw(t, "ord")
			at := int64(rapid.IntRange(0, 1000).Draw(t, "at"))
			v := tab.get(ord)
			switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
			case v == nil:
				tab.add(ord, config{}).set(flagArmed)
				tab.mutable(ord).anchor = at
				d.schedule(ord, at)
			case kind == 0:
				tab.remove(ord)
			case kind == 1:
				v.flags ^= flagPaused
				d.schedule(ord, v.nextMiss())
			case kind == 2:
				v.anchor -= at
				d.schedule(ord, v.nextMiss())
			default:
				v.anchor += at
			}
			limit := int64(rapid.IntRange(0, 2000).Draw(t, "limit"))
			want := dueEntry{deadline: limit + 1}
			for ord := uint64(1); ord <= n; ord++ {
				if v := tab.get(ord); v != nil && v.judged() && v.nextMiss() < want.deadline {
					want = dueEntry{v.nextMiss(), ord}
				}
			}
			got, found, finished := d.next(&tab, limit, rapid.IntRange(0, 3).Draw(t, "pages"))
			if !finished {
				got, found, _ = d.next(&tab, limit, n)
			}
			if found != (want.ord != 0) || (found && got != want) {
				t.Fatalf("found %+v, %v, want %+v", got, found, want)
			}
		}
	})
}
