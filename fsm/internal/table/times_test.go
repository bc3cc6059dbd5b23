package table

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"pgregory.net/rapid"
)

// TestPagesThatWantTimesAreFound compares what is known of all pages with a look at each of them, whatever became of
// their timetables: a leader that is not told of one lets it run out.
func TestPagesThatWantTimesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := New(fsm.MaxAllBodies)
		const n = 300
		timesFrom := func(at int64) *timetable.Timetable {
			var list []int64
			for i := range rapid.IntRange(0, 8).Draw(t, "times") {
				list = append(list, 1+at+int64(i)*10)
			}
			return timetable.New(&timetable.Clock{}, uint32(rapid.IntRange(1, 2).Draw(t, "rules")), list)
		}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			ord := uint64(rapid.IntRange(1, n).Draw(t, "ord"))
			at := int64(rapid.IntRange(0, 1000).Draw(t, "at"))
			switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
			case tab.Hot(ord) == nil:
				tab.Add(ord, Cold{}).Set(Scheduled | Armed)
				if kind > 2 {
					if err := tab.RestoreTimes(ord, timesFrom(at)); err != nil {
						t.Fatal(err)
					}
				}
			case kind == 0:
				tab.Remove(ord)
			case kind == 1:
				tab.SetTimes(tab.OwnRecord(ord), nil)
			case kind == 2:
				tab.OwnHot(ord).AnchorWall = at + 2*timetable.Early
				tab.DoubtTimes(timetable.Early)
			default:
				tab.SetTimes(tab.OwnRecord(ord), timesFrom(at))
			}
			wall, rules := int64(rapid.IntRange(0, 1100).Draw(t, "wall")), uint32(rapid.IntRange(1, 2).Draw(t, "rules"))
			found := map[int]bool{}
			for page := tab.NextWanting(0, wall, rules); page < tab.PageCount(); page = tab.NextWanting(page+1, wall, rules) {
				found[page] = true
			}
			for page := range tab.PageCount() {
				if want := tab.PageAt(page).WantsTimes(wall, rules); found[page] != want {
					t.Fatalf("page %d wants times: %v, found: %v", page, want, found[page])
				}
			}
		}
	})
}
