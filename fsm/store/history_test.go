package store

import (
	"bytes"
	"slices"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

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
		cmds[i] = fsm.Ping{Ordinal: 1}
	}
	for i := range pings / len(cmds) {
		r.wall += int64(i*7919%100_000) + 1
		r.batch(0, cmds...)
		at = append(at, slices.Repeat([]int64{r.wall}, len(cmds))...)
		if i%50 == 0 {
			r.ping(2)
		}
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
