package store

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// BenchmarkApplyKeyed applies batches of 256 pings with keys that are new; the
// figure is of one ping, with its encoding. The histories are as long as the limit,
// and full of pings with keys.
func BenchmarkApplyKeyed(b *testing.B) {
	for _, kept := range []int{0, 100, 10_000} {
		b.Run(fmt.Sprint(kept), func(b *testing.B) {
			const n = 16
			s := keyedStore(b, n, kept)
			batch := logentry.Batch{Term: 1, Wall: s.st.wall}
			var entry []byte
			var cmds [benchBatch][]byte
			seq := 1 << 32
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += benchBatch {
				batch.Wall++
				batch.Items = batch.Items[:0]
				for j := range cmds {
					seq++
					cmds[j] = fsm.AppendCommand(cmds[j][:0], keyedPing(scattered(seq, n), seq))
					batch.Items = append(batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: cmds[j]})
				}
				entry = logentry.Append(entry[:0], &batch)
				benchApply(b, s, entry)
			}
			b.StopTimer()
			if p, slot := s.st.table.At(1); int(p.Head(slot).Kept) != kept {
				b.Fatalf("%d pings are kept", p.Head(slot).Kept)
			}
		})
	}
}

// keyedPing has the key of a number.
func keyedPing(ord, number int) fsm.Signal {
	return fsm.Signal{Ordinal: uint64(ord), Exit: fsm.NotKnown, From: netip.AddrFrom4([4]byte{10, 0, 0, 1}), IdempotencyKey: testkit.Key(number)}
}

// keyedStore holds n heartbeats whose histories are full of pings with keys.
func keyedStore(b *testing.B, n, kept int) *Store {
	b.Helper()
	s := New()
	settings := fsm.DefaultSettings()
	settings.History = kept
	cmds := []fsm.Command{fsm.SetSettings{Settings: settings}}
	for i := 1; i <= n; i++ {
		cmds = append(cmds, fsm.Create{ID: testID(i), Token: testToken(i), Spec: testSpec(3600, 300, 2)})
	}
	batch := logentry.Batch{Term: 1, Wall: epoch.UnixMilli()}
	for _, c := range cmds {
		batch.Items = append(batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	benchApply(b, s, logentry.Append(nil, &batch))
	for i := range n * (kept + kept/10) {
		c := keyedPing(1+i%n, i)
		d := history.PlainDetail()
		d.From, d.ShortKey = c.From, history.ShortKey(c.IdempotencyKey)
		noteKeyed(s.st, c.Ordinal, d)
	}
	return s
}
