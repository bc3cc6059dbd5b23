package store

import (
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// readAll reads every heartbeat with a tag, page by page.
func readAll(s *Store, tag string, f func(*Reading)) {
	for page, more := 0, true; more; {
		page, more = s.ReadPage(page, tag, f)
	}
}

// readWorld is a store with heartbeats in every condition, on several pages, some of
// which are empty.
func readWorld(t *testing.T) *rig {
	r := newRig(t)
	const n = 5 * table.PageSize
	for i := range n {
		spec := testSpec(60, 5, 1)
		spec.Name = []string{"plain", `a "quoted" \ name`, "läuft 🕯️", "עברית"}[i%4]
		if i%3 == 0 {
			spec.Tags = []string{"first", "third"}
		}
		if i%7 == 0 {
			spec.Arm = fsm.ArmFirstPing
		}
		r.create(i, spec)
	}
	for i := table.PageSize; i < 2*table.PageSize; i++ {
		r.must(fsm.Delete{ID: testID(i)})
	}
	for i := 0; i < n; i += 5 {
		r.ping(i)
	}
	r.signal(2, fsm.Signal{Tells: fsm.SignalFail, Exit: 3})
	r.signal(4, fsm.Signal{Tells: fsm.SignalStart})
	r.run(3 * time.Second)
	r.signal(4, fsm.Signal{Tells: fsm.SignalSuccess})
	r.must(fsm.Pause{ID: testID(6)})
	r.gap(30 * time.Second)
	r.run(10 * time.Minute)
	for i := 1; i < n; i += 9 {
		r.ping(i)
	}
	return r
}

func TestReadingTellsWhatAHeartbeatIs(t *testing.T) {
	r := readWorld(t)
	for _, tag := range []string{"", "third", "thir", "none"} {
		want, _ := r.s.Heartbeats(fsm.HeartbeatFilter{Tag: tag})
		slices.Reverse(want)
		readAll(r.s, tag, func(h *Reading) {
			if len(want) == 0 {
				t.Fatalf("tag %q: more heartbeats than there are", tag)
			}
			w := want[0]
			want = want[1:]
			due := fsm.WallMillis(w.NextDue)
			if due != 0 {
				due += w.Spec.Grace * 1000
			}
			if id := string(h.AppendID(nil)); id != w.ID.String() || string(h.Name()) != w.Spec.Name || h.Status() != w.Status ||
				h.Pings() != w.Pings || h.Misses() != w.Misses || h.Missed() != w.Missed || h.LastPing() != fsm.WallMillis(w.LastPing) ||
				h.Deadline() != due || h.LastExit() != w.LastExit || h.LastRun() != max(w.LastRun, fsm.NotKnown) {
				t.Errorf("tag %q: %s %q differs from %+v", tag, id, h.Name(), w)
			}
		})
		if len(want) > 0 {
			t.Errorf("tag %q: %d heartbeats were not read", tag, len(want))
		}
	}
}

// TestTotalsCountAFewFailingAndManyAlike has few heartbeats fail, which are looked up,
// and many, which are found in the pages.
func TestTotalsCountAFewFailingAndManyAlike(t *testing.T) {
	r := newRig(t)
	const n = 4 * table.PageSize
	for i := range n {
		r.create(i, testSpec(10+int64(i), 0, 1))
	}
	for _, pages := range []bool{false, true} {
		r.run(time.Duration(map[bool]int{false: 12, true: 300}[pages]) * time.Second)
		if many := len(r.s.st.failing) >= r.s.st.table.PageCount(); many != pages || len(r.s.st.failing) == 0 {
			t.Fatalf("%d are failing", len(r.s.st.failing))
		}
		list, _ := r.s.Heartbeats(fsm.HeartbeatFilter{})
		want := uint64(0)
		for _, h := range list {
			want += h.Missed
		}
		if got := r.s.Totals().Misses; got != want {
			t.Errorf("%d misses, want %d", got, want)
		}
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	r := readWorld(t)
	var id []byte
	sum := 0
	allocs := testing.AllocsPerRun(10, func() {
		readAll(r.s, "third", func(h *Reading) {
			id = h.AppendID(id[:0])
			sum += len(id) + len(h.Name()) + int(h.Pings()) + int(h.Misses()) + int(h.Missed()) + int(h.LastPing()) + h.LastExit() + int(h.LastRun())
		})
	})
	if pages := 5.0; allocs > 2*pages || sum == 0 {
		t.Errorf("%v allocations for reading %v pages", allocs, pages)
	}
}

func BenchmarkReadPage(b *testing.B) {
	s := benchStore(b, 100_000)
	for b.Loop() {
		readAll(s, "", func(h *Reading) { _ = h.Deadline() })
	}
}

func BenchmarkTotalsAllFailing(b *testing.B) {
	s := benchStore(b, 100_000)
	for i := range s.st.table.PageCount() {
		p := s.st.table.PageAt(i)
		for slot := range table.PageSize {
			if p.IsLive(slot) {
				p.Hot(slot).Set(table.Failing)
				s.st.failing[uint64(i*table.PageSize+slot+1)] = struct{}{}
			}
		}
	}
	for b.Loop() {
		s.Totals()
	}
}
