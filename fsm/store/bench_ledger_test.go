package store

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// failingStore holds n heartbeats that are due and not judged, share of them to a
// recipient.
func failingStore(b *testing.B, n, share int) *Store {
	b.Helper()
	s := New()
	benchCommands(b, s, 0, fsm.SetSettings{Settings: fsm.Settings{Burst: 5, GroupWait: 10_000}})
	for i := 0; i < n; i += 1000 {
		var cmds []fsm.Command
		for j := i + 1; j <= min(n, i+1000); j++ {
			spec := testSpec(60, 0, 1)
			spec.Name, spec.Emails = fmt.Sprint("job-", j), []string{fmt.Sprintf("person%d@example.com", (j-1)/share)}
			cmds = append(cmds, fsm.Create{ID: testID(j), Token: testToken(j), Spec: spec})
		}
		benchCommands(b, s, uint32(i/1000%10), cmds...)
	}
	for range 62 {
		s.maxJudged = 0
		benchCommands(b, s, 1000)
	}
	s.maxJudged = maxJudgedPerBatch
	return s
}

func benchCommands(b *testing.B, s *Store, delta uint32, cmds ...fsm.Command) {
	b.Helper()
	batch := logentry.Batch{Term: 1, Wall: epoch.UnixMilli(), Delta: delta}
	for _, c := range cmds {
		batch.Items = append(batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	res, err := s.Apply(logentry.Append(nil, &batch), 1)
	if err != nil {
		b.Fatal(err)
	}
	for i, r := range res {
		if r.Code != fsm.CodeOK {
			b.Fatalf("%T: %v", cmds[i], r.Code.Err())
		}
	}
}

func judgeAll(b *testing.B, s *Store) {
	b.Helper()
	for {
		due, ok := s.NextDue()
		if !ok || due > s.Horizon() {
			return
		}
		benchCommands(b, s, 0)
	}
}

// benchSend takes a row through to sent.
func benchSend(b *testing.B, s *Store, ids ...fsm.AlertID) {
	b.Helper()
	for _, id := range ids {
		benchCommands(b, s, 0, fsm.Claim{Alert: id, Term: 1, Attempt: 1}, fsm.Fence{Alert: id, Term: 1, Attempt: 1},
			fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent})
	}
}

// BenchmarkJudge judges 10,000 heartbeats that fell due together.
func BenchmarkJudge(b *testing.B) {
	for _, share := range []int{10_000, 1} {
		b.Run(fmt.Sprintf("recipients=%d", 10_000/share), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				b.StopTimer()
				s := failingStore(b, 10_000, share)
				b.StartTimer()
				judgeAll(b, s)
			}
		})
	}
}

// BenchmarkWork asks what is to be done while many rows are open: all of them of one
// recipient, whose burst is used up, or each of another, so that all are ready.
func BenchmarkWork(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		for _, share := range []int{n, 1} {
			b.Run(fmt.Sprintf("rows=%d/recipients=%d", n, n/share), func(b *testing.B) {
				s := failingStore(b, n, share)
				judgeAll(b, s)
				if share > 1 {
					benchSend(b, s, s.Work(1, 64).Ready...)
				}
				b.ReportAllocs()
				for b.Loop() {
					s.Work(1, 64)
				}
			})
		}
	}
}

// BenchmarkDigest forms a digest of 10,000 rows and settles it; the longest of these
// steps is what a ping may have to wait for.
func BenchmarkDigest(b *testing.B) {
	var forming, settling time.Duration
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		s := failingStore(b, 10_005, 10_005)
		judgeAll(b, s)
		benchSend(b, s, s.Work(1, 64).Ready...)
		for range 11 {
			benchCommands(b, s, 1000)
		}
		runtime.GC()
		b.StartTimer()
		d := s.Work(1, 64).Digests[0]
		began := time.Now()
		benchCommands(b, s, 0, d)
		forming += time.Since(began)
		benchCommands(b, s, 0, fsm.Claim{Alert: d.ID, Term: 1, Attempt: 1}, fsm.Fence{Alert: d.ID, Term: 1, Attempt: 1})
		began = time.Now()
		benchCommands(b, s, 0, fsm.Settle{Alert: d.ID, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent})
		settling += time.Since(began)
	}
	b.ReportMetric(float64(forming.Microseconds())/float64(b.N), "µs/form")
	b.ReportMetric(float64(settling.Microseconds())/float64(b.N), "µs/settle")
}

// BenchmarkSendOne claims, fences and settles single rows while 10,000 are open.
func BenchmarkSendOne(b *testing.B) {
	b.ReportAllocs()
	var s *Store
	var ready []fsm.AlertID
	for range b.N {
		if len(ready) == 0 {
			b.StopTimer()
			s = failingStore(b, 10_000, 1)
			judgeAll(b, s)
			ready = s.Work(1, 10_000).Ready
			b.StartTimer()
		}
		benchSend(b, s, ready[0])
		ready = ready[1:]
	}
}

// BenchmarkAlertsPage lists a page of a ledger of 100,000 rows.
func BenchmarkAlertsPage(b *testing.B) {
	s := failingStore(b, 100_000, 1)
	judgeAll(b, s)
	one := testID(50_000)
	for name, f := range map[string]fsm.AlertFilter{
		"newest": {Limit: 100}, "one heartbeat": {Heartbeat: &one}, "none that match": {State: fsm.AlertFailed, Limit: 100},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Alerts(f)
			}
		})
	}
}

// BenchmarkLedgerCapture captures a snapshot with 100,000 rows, and tells what one
// weighs.
func BenchmarkLedgerCapture(b *testing.B) {
	s := failingStore(b, 100_000, 1)
	before := heapAlloc()
	judgeAll(b, s)
	weight := heapAlloc() - before
	b.ReportAllocs()
	for b.Loop() {
		s.Snapshot()
	}
	b.ReportMetric(float64(weight)/100_000, "B/row")
}

func heapAlloc() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
