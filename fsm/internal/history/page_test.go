package history

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// noted is a ping of a history, as the test remembers it.
type noted struct {
	at    int64
	extra string
}

// histories are those of a few pages.
type histories struct {
	pages [2]Page
	heads [2]heads
	w     Writer
}

type heads [Slots]Head

func (h *heads) Head(slot int) *Head { return &h[slot] }

func (h *histories) at(ord uint64) (p *Page, hs *heads, slot int) {
	return &h.pages[ord/Slots], &h.heads[ord/Slots], int(ord % Slots)
}

// kept is what the pages hold, newest first.
func (h *histories) kept() map[uint64][]noted {
	all := map[uint64][]noted{}
	for ord := range uint64(len(h.pages) * Slots) {
		p, hs, slot := h.at(ord)
		p.WalkBack(hs.Head(slot), slot, 0, func(at int64, extra []byte, _ [16]byte) bool {
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
		const n = 2*Slots - 1
		var tab histories
		want, now := map[uint64][]noted{}, int64(1_700_000_000_000)
		type picture struct {
			tab  histories
			want map[uint64][]noted
		}
		var pictures []picture
		limit := rapid.IntRange(1, 200).Draw(t, "limit")
		check := func(what string, tab *histories, want map[uint64][]noted) {
			got := tab.kept()
			if !maps.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("%s: %v, want %v", what, got, want)
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			ord := uint64(rapid.IntRange(0, n).Draw(t, "ord"))
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind == 0:
				p, hs, slot := tab.at(ord)
				p.Drop(slot)
				*hs.Head(slot) = Head{}
				delete(want, ord)
			case kind == 1:
				limit = rapid.IntRange(0, 200).Draw(t, "limit")
				for i := range tab.pages {
					tab.pages[i].Limit(&tab.heads[i], limit)
				}
				for ord, list := range want {
					want[ord] = list[:min(len(list), limit)]
				}
				maps.DeleteFunc(want, func(_ uint64, list []noted) bool { return len(list) == 0 })
			case kind == 2:
				pictures = append(pictures, picture{tab: tab, want: maps.Clone(want)})
			default:
				size := rapid.SampledFrom([]int{0, 0, 1, 16, maxExtra}).Draw(t, "size")
				for i := range rapid.IntRange(1, 300).Draw(t, "pings") {
					now += int64(rapid.SampledFrom([]int{-5, 0, 1000, 60_000}).Draw(t, "after"))
					x := noted{now, string(bytes.Repeat([]byte{byte(i)}, size))}
					p, hs, slot := tab.at(ord)
					tab.w.addEntry(p, hs, slot, x.at, []byte(x.extra), limit)
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

// TestAPunctualJobCostsTwoBytesAPing is what the size of a million histories rests
// on.
func TestAPunctualJobCostsTwoBytesAPing(t *testing.T) {
	var p Page
	var hs heads
	var w Writer
	for i := range int64(10_000) {
		w.addEntry(&p, &hs, 1, 1_700_000_000_000+i*86_400_000+i*7919%2000, nil, 100)
	}
	w.packPage(&p, &hs, 1)
	if size := p.runs[1].size; size > 210 {
		t.Errorf("100 pings take %d bytes", size)
	}
}

func TestALongHistoryIsArchived(t *testing.T) {
	const limit = 20_000
	var p Page
	var hs heads
	var w Writer
	for i := range int64(30_000) {
		w.addEntry(&p, &hs, 1, i*i%100_000, nil, limit)
	}
	if n := p.archives[1].length(); n < limit/2 {
		t.Errorf("%d of %d entries are archived", n, limit)
	}
}
