package fsm

import (
	"io"
	"testing"
)

// benchStore holds n heartbeats with a history of pings each.
func benchStore(b *testing.B, n, pings int) (*Store, [][]byte) {
	b.Helper()
	s := NewStore()
	cmds := make([][]byte, n)
	var items []Item
	apply := func() {
		if _, err := s.Apply(AppendBatch(nil, &Batch{Term: 1, Wall: epoch.UnixMilli(), Delta: 1, Items: items}), 1); err != nil {
			b.Fatal(err)
		}
		items = items[:0]
	}
	for i := range cmds {
		c := Create{ID: testID(i + 1), Token: testToken(i + 1), Spec: testSpec(3600, 300, 2)}
		items = append(items, Item{Origin: NoOrigin, Cmd: AppendCommand(nil, c)})
		cmds[i] = AppendPing(nil, PingOrdinal{Ordinal: uint64(i + 1)})
		if len(items) == 500 || i == n-1 {
			apply()
		}
	}
	for range pings {
		for i := range cmds {
			items = append(items, Item{Origin: NoOrigin, Cmd: cmds[i]})
			if len(items) == 500 || i == n-1 {
				apply()
			}
		}
	}
	return s, cmds
}

// BenchmarkApplyPing applies batches of 256 pings spread over 100,000 heartbeats;
// the figure is of one ping.
func BenchmarkApplyPing(b *testing.B) {
	s, cmds := benchStore(b, 100_000, 2)
	origin := Origin{Node: NodeID{1}, Boot: 1, Floor: 1}
	batch := Batch{Term: 1, Wall: epoch.UnixMilli(), Origins: []Origin{origin}}
	var entry []byte
	seq := uint64(0)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += 256 {
		batch.Items = batch.Items[:0]
		batch.Origins[0].Floor = seq + 1
		for range 256 {
			seq++
			batch.Items = append(batch.Items, Item{Seq: seq, Cmd: cmds[(seq*7919)%uint64(len(cmds))]})
		}
		batch.Delta = uint32(i/256) % 2
		entry = AppendBatch(entry[:0], &batch)
		if _, err := s.Apply(entry, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSnapshotCapture(b *testing.B) {
	s, _ := benchStore(b, 100_000, 2)
	b.ReportAllocs()
	for b.Loop() {
		s.Snapshot()
	}
}

func BenchmarkSnapshotWrite(b *testing.B) {
	s, _ := benchStore(b, 100_000, 2)
	img := s.Snapshot()
	for b.Loop() {
		n, err := img.WriteTo(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(n)
	}
}

func BenchmarkAppendPing(b *testing.B) {
	p := PingOrdinal{Ordinal: 1_000_000}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendPing(buf[:0], p)
		if _, ok := decodePing(buf); !ok {
			b.Fatal("not a ping")
		}
	}
}
