package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"pgregory.net/rapid"
)

// noted is a ping of a history, as the test remembers it.
type noted struct {
	at    int64
	extra string
}

// histories is what the pages of a table hold, newest first.
func histories(t *table, n int) map[uint64][]noted {
	all := map[uint64][]noted{}
	for ord := uint64(1); ord <= uint64(n); ord++ {
		p, slot := t.at(ord)
		if p == nil {
			continue
		}
		p.walkBack(slot, 0, func(at int64, extra []byte, _ [16]byte) bool {
			all[ord] = append(all[ord], noted{at, string(extra)})
			return true
		})
	}
	return all
}

// TestHistoriesAreWhatWasNoted compares with plain lists, and looks at snapshots
// again when what came later has been written. What comes with an entry is long
// enough here that runs are sealed.
func TestHistoriesAreWhatWasNoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 70
		tab := table{onlyPost: index.NewOrdinalSet()}
		want, now := map[uint64][]noted{}, int64(1_700_000_000_000)
		type picture struct {
			tab  table
			want map[uint64][]noted
		}
		var pictures []picture
		limit := rapid.IntRange(1, 200).Draw(t, "limit")
		check := func(what string, tab *table, want map[uint64][]noted) {
			got := histories(tab, n)
			if !maps.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("%s: %v, want %v", what, got, want)
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			ord := uint64(rapid.IntRange(1, n).Draw(t, "ord"))
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case tab.get(ord) == nil:
				tab.add(ord, config{})
			case kind == 0:
				tab.remove(ord)
				delete(want, ord)
			case kind == 1:
				limit = rapid.IntRange(0, 200).Draw(t, "limit")
				tab.forget(limit)
				for ord, list := range want {
					want[ord] = list[:min(len(list), limit)]
				}
				maps.DeleteFunc(want, func(_ uint64, list []noted) bool { return len(list) == 0 })
			case kind == 2:
				shared, _ := tab.share()
				pictures = append(pictures, picture{tab: shared, want: maps.Clone(want)})
			default:
				size := rapid.SampledFrom([]int{0, 0, 1, 16, maxExtra}).Draw(t, "size")
				for i := range rapid.IntRange(1, 300).Draw(t, "pings") {
					now += int64(rapid.SampledFrom([]int{-5, 0, 1000, 60_000}).Draw(t, "after"))
					x := noted{now, string(bytes.Repeat([]byte{byte(i)}, size))}
					p, slot := tab.own(ord)
					tab.note(p, slot, x.at, []byte(x.extra), limit)
					list := append([]noted{x}, want[ord]...)
					if list = list[:min(len(list), limit)]; len(list) > 0 {
						want[ord] = list
					}
				}
			}
		}
		check("the table", &tab, want)
		for i, x := range pictures {
			check(fmt.Sprint("snapshot ", i), &x.tab, x.want)
		}
	})
}

// TestLongHistories keeps more pings than a run may hold, and lists them page by
// page, before and after a restore.
func TestLongHistories(t *testing.T) {
	const limit, pings = 20_000, 30_000
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: limit, Burst: 5, GroupWait: 10_000}})
	r.create(1, testSpec(60, 0, 1))
	r.create(2, testSpec(60, 0, 1))
	var at []int64
	cmds := make([]fsm.Command, 100)
	for i := range cmds {
		cmds[i] = fsm.PingOrdinal{Ordinal: 1}
	}
	for i := range pings / len(cmds) {
		r.wall += int64(i*7919%100_000) + 1
		r.batch(0, cmds...)
		at = append(at, slices.Repeat([]int64{r.wall}, len(cmds))...)
		if i%50 == 0 {
			r.ping(2)
		}
	}
	if page, slot := r.s.st.table.at(1); page.long[slot].len() < sealAt {
		t.Fatalf("%d entries are sealed: the test does not reach what it is for", page.long[slot].len())
	}
	fresh := New()
	image := imageOf(t, r.s)
	if err := fresh.Restore(bytes.NewReader(image)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(image, imageOf(t, fresh)) {
		t.Error("the image of the restored store differs")
	}
	for _, s := range []*Store{r.s, fresh} {
		before := uint64(0)
		number := uint64(pings)
		for more := true; more; {
			var list []fsm.PingRecord
			var err error
			if list, more, err = s.Pings(testID(1), 999, before); err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				if p.Number != number || p.At.UnixMilli() != at[number-1] {
					t.Fatalf("ping %d at %d, want %d at %d", p.Number, p.At.UnixMilli(), number, at[number-1])
				}
				number--
			}
			before = list[len(list)-1].Number
		}
		if number != pings-limit {
			t.Errorf("the oldest is %d, want %d", number+1, pings-limit+1)
		}
	}
	r.must(retainNothing())
	if list, _, _ := r.s.Pings(testID(1), 10, 0); len(list) != 0 {
		t.Errorf("pings after the history was turned off: %v", list)
	}
}

// TestAPunctualJobCostsTwoBytesAPing is what the size of a million histories rests
// on.
func TestAPunctualJobCostsTwoBytesAPing(t *testing.T) {
	tab := table{onlyPost: index.NewOrdinalSet()}
	tab.add(1, config{})
	for i := range int64(10_000) {
		p, slot := tab.own(1)
		tab.note(p, slot, 1_700_000_000_000+i*86_400_000+i*7919%2000, nil, 100)
	}
	p, _ := tab.own(1)
	tab.pack(p, 1)
	if size := p.runs[0].size; size > 210 {
		t.Errorf("100 pings take %d bytes", size)
	}
}
