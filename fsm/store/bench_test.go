package store

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/dedup"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// The benchmarks guard what a node with many heartbeats costs. Those that end in a
// number are of a store with as many heartbeats, of which each has a history of 100
// pings; `go test -bench . -short` leaves out the largest.

func benchSizes() []int {
	sizes := []int{1_000, 10_000, 100_000, 1_000_000}
	if testing.Short() {
		return sizes[:3]
	}
	return sizes
}

func forSizes(b *testing.B, f func(b *testing.B, s *Store, n int)) {
	for _, n := range benchSizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := benchStore(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			f(b, s, n)
		})
	}
}

// benchStores are made once: the last takes seconds.
var benchStores = map[int]*Store{}

// benchStore holds n heartbeats with an interval of an hour and 100 pings each.
func benchStore(b *testing.B, n int) *Store {
	b.Helper()
	if s := benchStores[n]; s != nil {
		return s
	}
	s := New()
	benchStores[n] = s
	batch := logentry.Batch{Term: 1, Wall: epoch.UnixMilli(), Delta: 1}
	for i := 1; i <= n; i++ {
		c := fsm.Create{ID: testID(i), Token: testToken(i), Spec: testSpec(3600, 300, 2)}
		c.Spec.Name, c.Spec.Slug = fmt.Sprint("job number ", i), fmt.Sprint("job-number-", i)
		batch.Items = append(batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
		if i%1000 == 0 {
			benchApply(b, s, logentry.Append(nil, &batch))
			batch.Items = batch.Items[:0]
		}
	}
	// What Apply would do, but quicker.
	st := s.st
	for k := range 105 {
		st.wall += time.Hour.Milliseconds() + int64(k*7919%1000)
		st.serving += time.Hour.Milliseconds()
		for ord := uint64(1); ord <= uint64(n); ord++ {
			page, slot := st.table.Own(ord)
			v := page.Hot(slot)
			v.Pings++
			v.LastPing = st.wall
			st.table.Histories.Add(&page.History, page, slot, st.wall, history.PlainDetail(), st.settings.History)
			v.Reanchor(st.serving, st.wall, 0)
		}
	}
	st.pings = uint64(n) * 105
	return s
}

func benchApply(b *testing.B, s *Store, entry []byte) {
	if _, err := s.Apply(entry, 1); err != nil {
		b.Fatal(err)
	}
}

// scattered gives numbers from 1 to n in no order.
func scattered(i, n int) int { return int(uint64(i)*0x9e3779b97f4a7c15>>33)%n + 1 }

const benchBatch = 256

// benchEntries are batches of pings in no order.
func benchEntries(s *Store, n int) (entries [][]byte) {
	batch := logentry.Batch{Term: 1, Wall: s.st.wall, Delta: 1}
	for i := range 2000 {
		batch.Items = batch.Items[:0]
		batch.Wall++
		for j := range benchBatch {
			p := fsm.Ping{Ordinal: uint64(scattered(i*benchBatch+j, n))}
			batch.Items = append(batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendPing(nil, p)})
		}
		entries = append(entries, logentry.Append(nil, &batch))
	}
	return entries
}

// BenchmarkApplyPing applies batches of 256 pings spread over all heartbeats; the
// figure is of one ping.
func BenchmarkApplyPing(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		entries := benchEntries(s, n)
		b.ResetTimer()
		for i := 0; i < b.N; i += benchBatch {
			benchApply(b, s, entries[i/benchBatch%len(entries)])
		}
	})
}

// BenchmarkApplyPingOnce is the same with proposers that may repeat themselves; it
// includes the encoding.
func BenchmarkApplyPingOnce(b *testing.B) {
	const n = 10_000
	s := benchStore(b, n)
	batch := logentry.Batch{Term: 1, Wall: s.st.wall, Origins: []logentry.Origin{{Node: fsm.NodeID{1}, Boot: 1, Floor: 1}, {Node: fsm.NodeID{2}, Boot: 1, Floor: 1}}}
	s.st.dedup = dedup.New()
	var cmds [n + 1][]byte
	for i := range cmds {
		cmds[i] = fsm.AppendPing(nil, fsm.Ping{Ordinal: uint64(i)})
	}
	var entry []byte
	seq := 0
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += benchBatch {
		batch.Items = batch.Items[:0]
		for o := range batch.Origins {
			batch.Origins[o].Floor = uint64(max(1, seq-10*benchBatch))
		}
		for range benchBatch {
			seq++
			batch.Items = append(batch.Items, logentry.Item{Origin: seq % 2, Seq: uint64(seq), Cmd: cmds[scattered(seq, n)]})
		}
		entry = logentry.Append(entry[:0], &batch)
		benchApply(b, s, entry)
	}
}

// BenchmarkApplyPingBesideSnapshot applies pings while every page is one that a
// snapshot still needs: each first ping of a page copies it.
func BenchmarkApplyPingBesideSnapshot(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		entries := benchEntries(s, n)
		img := s.Snapshot()
		b.ResetTimer()
		for i := 0; i < b.N; i += benchBatch {
			if i/benchBatch%len(entries) == 0 {
				img.Release()
				img = s.Snapshot()
			}
			benchApply(b, s, entries[i/benchBatch%len(entries)])
		}
		img.Release()
	})
}

// BenchmarkCreate creates and deletes; the figure is of both.
func BenchmarkCreate(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		c := fsm.Create{ID: testID(-1), Token: testToken(-1), Spec: testSpec(3600, 300, 2)}
		batch := logentry.Batch{Term: 1, Wall: s.st.wall, Items: []logentry.Item{
			{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}, {Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, fsm.Delete{ID: c.ID})},
		}}
		entry := logentry.Append(nil, &batch)
		for b.Loop() {
			benchApply(b, s, entry)
		}
	})
}

// BenchmarkTickNothingDue is what a second of an idle cluster costs.
func BenchmarkTickNothingDue(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		entry := logentry.Append(nil, &logentry.Batch{Term: 1, Wall: s.st.wall})
		s.NextDue()
		for b.Loop() {
			benchApply(b, s, entry)
			s.NextDue()
		}
	})
}

// BenchmarkTickAllPinged is the worst tick: that at which every heartbeat would be
// due, but was pinged.
func BenchmarkTickAllPinged(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		for b.Loop() {
			for page := range s.st.table.PageCount() {
				s.st.table.LookAgain(page, 1)
			}
			s.st.table.NextDue(s.st.horizon, math.MaxInt)
		}
	})
}

// BenchmarkFail makes 1,000 heartbeats fail in a tick.
func BenchmarkFail(b *testing.B) {
	const n, failing = 100_000, 1000
	whole := benchStore(b, n)
	b.ReportAllocs()
	var image bytes.Buffer
	if _, err := whole.Snapshot().WriteTo(&image); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		s := New()
		if err := s.Restore(bytes.NewReader(image.Bytes())); err != nil {
			b.Fatal(err)
		}
		for i := range failing {
			ord := uint64(scattered(i, n))
			v := s.st.table.OwnHot(ord)
			v.Anchor, v.Threshold = s.st.serving-3901*1000, 1
			s.st.table.Schedule(ord, v.NextMiss(nil))
		}
		entry := logentry.Append(nil, &logentry.Batch{Term: 1, Wall: s.st.wall, Delta: 1})
		b.StartTimer()
		benchApply(b, s, entry)
	}
}

func BenchmarkSnapshotCapture(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		for b.Loop() {
			s.Snapshot().Release()
		}
	})
}

func BenchmarkSnapshotWrite(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		for b.Loop() {
			size, err := s.Snapshot().WriteTo(io.Discard)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(size)
		}
	})
}

func BenchmarkRestore(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		var image bytes.Buffer
		if _, err := s.Snapshot().WriteTo(&image); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(image.Len()))
		for b.Loop() {
			if err := New().Restore(bytes.NewReader(image.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPings lists 20 pings from the middle of a history.
func BenchmarkPings(b *testing.B) {
	for _, kept := range []int{100, 100_000} {
		b.Run(fmt.Sprint(kept), func(b *testing.B) {
			s := New()
			c := fsm.Create{ID: testID(1), Token: testToken(1), Spec: testSpec(3600, 300, 2)}
			benchApply(b, s, logentry.Append(nil, &logentry.Batch{Term: 1, Items: []logentry.Item{{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)}}}))
			page, slot := s.st.table.Own(1)
			for i := range kept {
				page.Hot(slot).Pings++
				s.st.table.Histories.Add(&page.History, page, slot, int64(i)*60_000+int64(i*7919%1000), history.PlainDetail(), kept)
			}
			b.ReportAllocs()
			for b.Loop() {
				if list, _, _ := s.Pings(c.ID, 20, uint64(kept)/2); len(list) != 20 {
					b.Fatal(len(list))
				}
			}
		})
	}
}

func BenchmarkOrdinal(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, ok := s.Ordinal(testToken(scattered(i, n))); !ok {
					b.Error("a token is not found")
				}
			}
		})
	})
}

func BenchmarkHeartbeat(b *testing.B) {
	forSizes(b, func(b *testing.B, s *Store, n int) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.Heartbeat(testID(scattered(i, n))); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCodecPing(b *testing.B) {
	p := fsm.Ping{Ordinal: 1_000_000}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = fsm.AppendPing(buf[:0], p)
		if _, ok := fsm.DecodePing(buf); !ok {
			b.Fatal("not a ping")
		}
	}
}

// BenchmarkCodecBatch encodes and decodes batches of 256 pings; the figure is of
// one ping.
func BenchmarkCodecBatch(b *testing.B) {
	batch := logentry.Batch{Term: 1, Wall: epoch.UnixMilli(), Origins: []logentry.Origin{{Node: fsm.NodeID{1}, Boot: 1, Floor: 1}}}
	for i := range benchBatch {
		batch.Items = append(batch.Items, logentry.Item{Seq: uint64(i), Cmd: fsm.AppendPing(nil, fsm.Ping{Ordinal: uint64(i)})})
	}
	var entry []byte
	var got logentry.Batch
	b.ReportAllocs()
	for i := 0; i < b.N; i += benchBatch {
		entry = logentry.Append(entry[:0], &batch)
		if err := logentry.DecodeInto(&got, entry); err != nil {
			b.Fatal(err)
		}
	}
}
