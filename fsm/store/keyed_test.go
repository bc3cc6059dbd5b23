package store

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// noteKeyed does what applying a ping with a key does to a history, but quicker.
func noteKeyed(st *state, ord uint64, d history.Detail) {
	st.wall += int64(st.pings * 7919 % 1000)
	st.pings++
	page, slot := st.table.Own(ord)
	page.Hot(slot).Pings++
	st.table.Histories.Add(&page.History, page, slot, st.wall, d, st.settings.History)
}

// keyed is an entry as the test remembers it.
type keyed struct {
	key  int // 0: none
	code fsm.Code
}

// keyedHistory is a history as it would be looked through without any shortcut.
type keyedHistory []keyed // oldest first

func (l keyedHistory) answered(key int) fsm.Code {
	for i := len(l) - 1; i >= 0 && len(l)-i <= fsm.MaxKeyed; i-- {
		if l[i].key == key {
			return l[i].code
		}
	}
	return fsm.CodeNone
}

func (l keyedHistory) trim(limit int) keyedHistory { return l[max(0, len(l)-limit):] }

// keyedRig has a few heartbeats that share a page, and what they should hold.
type keyedRig struct {
	s    *Store
	want [3]keyedHistory
	next int // the next new key
}

func newKeyedRig(t *rapid.T, limit int) *keyedRig {
	r := &keyedRig{s: New()}
	r.apply(t, fsm.SetSettings{Settings: fsm.Settings{History: limit, Burst: 5}})
	for i := range r.want {
		r.apply(t, fsm.Create{ID: testID(i), Token: testToken(i), Spec: testSpec(3600, 300, 2)})
	}
	return r
}

func (r *keyedRig) apply(t *rapid.T, c fsm.Command) {
	res, err := r.s.Apply(logentry.Append(nil, &logentry.Batch{Term: 1, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}}}), 1)
	if err != nil || res[0].Code != fsm.CodeOK {
		t.Fatalf("%T: %v, %v", c, res, err)
	}
}

// absent is a key that no ping has, though the IDs of runs may look like it.
const absent = 1 << 40

// fill adds n entries to a history: one in every has a key. Some of the keys the
// heartbeats have in common, and some were in this history before.
func (r *keyedRig) fill(t *rapid.T, i, n, every int) {
	run := testkit.Key(absent)
	copy(run[len(run)-history.ShortKeyLen:], run[:])
	hasRun, paused := rapid.Bool().Draw(t, "run"), rapid.Bool().Draw(t, "paused")
	code := fsm.CodeOK
	if paused {
		code = fsm.CodePaused
	}
	key := max(0, r.next-rapid.SampledFrom([]int{0, 0, 0, 3, 500}).Draw(t, "common"))
	for k := range n {
		d, x := history.PlainDetail(), keyed{}
		d.HasRun, d.Run, d.Paused = hasRun, run, paused
		if k%every == 0 {
			key++
			if key <= r.next && r.want[i].answered(key) != fsm.CodeNone {
				continue
			}
			full := testkit.Key(key)
			d.ShortKey, x = history.ShortKey(full), keyed{key, code}
		}
		noteKeyed(r.s.st, uint64(i+1), d)
		r.want[i] = append(r.want[i], x).trim(r.s.st.settings.History)
	}
	r.next = max(r.next, key)
}

func (r *keyedRig) restore(t *rapid.T) {
	image := imageOfRapid(t, r.s)
	r.s = New()
	if err := r.s.Restore(bytes.NewReader(image)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(image, imageOfRapid(t, r.s)) {
		t.Fatal("the image of the restored store differs")
	}
}

// check asks for keys at both sides of the limits, for some in between, and for one
// that is nowhere.
func (r *keyedRig) check(t *rapid.T, what string, tab *table.Table, want *[3]keyedHistory) {
	for i, list := range want {
		keys := []int{absent, rapid.IntRange(1, r.next+1).Draw(t, "any")}
		for _, from := range []int{0, len(list) - fsm.MaxKeyed - 2, len(list) - 4, rapid.IntRange(0, len(list)).Draw(t, "at")} {
			for at := max(from, 0); at < min(from+4, len(list)); at++ {
				if list[at].key != 0 {
					keys = append(keys, list[at].key)
				}
			}
		}
		page, slot := tab.At(uint64(i + 1))
		for _, k := range keys {
			if got := page.History.Answered(page.Head(slot), slot, testkit.Key(k)); got != list.answered(k) {
				t.Fatalf("%s: heartbeat %d of %d pings: key %d was answered %d, want %d", what, i, len(list), k, got, list.answered(k))
			}
		}
	}
}

// TestKeysAreFoundAsIfAllWereLookedAt compares with plain lists, across limits,
// sealed parts, snapshots and restores.
func TestKeysAreFoundAsIfAllWereLookedAt(t *testing.T) {
	testkit.SkipUnderRace(t)
	limits := []int{3, 100, 2_000, fsm.MaxKeyed - 1, fsm.MaxKeyed, fsm.MaxKeyed + 1, 3 * fsm.MaxKeyed}
	rapid.Check(t, func(t *rapid.T) {
		r := newKeyedRig(t, rapid.SampledFrom(limits).Draw(t, "limit"))
		type picture struct {
			tab  table.Table
			want [3]keyedHistory
		}
		var pictures []picture
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch i := rapid.IntRange(0, 2).Draw(t, "heartbeat"); rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				limit := rapid.SampledFrom(append(limits, 0)).Draw(t, "limit")
				r.apply(t, fsm.SetSettings{Settings: fsm.Settings{History: limit, Burst: 5}})
				for i := range r.want {
					r.want[i] = r.want[i].trim(limit)
				}
			case 1:
				r.restore(t)
			case 2:
				tab, _ := r.s.st.table.Snapshot()
				x := picture{tab: tab, want: r.want}
				for i := range x.want {
					x.want[i] = slices.Clone(x.want[i])
				}
				pictures = append(pictures, x)
			default:
				n := rapid.SampledFrom([]int{1, 100, 1_000, fsm.MaxKeyed + 50}).Draw(t, "pings")
				r.fill(t, i, n, rapid.SampledFrom([]int{1, 1, 7, 2_000}).Draw(t, "every"))
			}
			r.check(t, "the table", &r.s.st.table, &r.want)
		}
		for i := range pictures {
			r.check(t, fmt.Sprint("snapshot ", i), &pictures[i].tab, &pictures[i].want)
		}
	})
}
