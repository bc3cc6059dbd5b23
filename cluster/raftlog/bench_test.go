package raftlog

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
)

// Batches of about 200 pings, made durable one after the other by bbolt alone and by
// the journal before it.
func BenchmarkStoreLogs(b *testing.B) {
	for _, tt := range []struct {
		name string
		open func(home journal.Store, dir string) (raft.LogStore, error)
	}{
		{"bbolt", func(home journal.Store, _ string) (raft.LogStore, error) { return home, nil }},
		{"journal", func(home journal.Store, dir string) (raft.LogStore, error) { return journal.Open(dir, home, home) }},
	} {
		b.Run(tt.name, func(b *testing.B) {
			dir := b.TempDir()
			bolt, err := boltfile.Open(filepath.Join(dir, "log.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer bolt.Close()
			log, err := tt.open(bolt, dir)
			if err != nil {
				b.Fatal(err)
			}
			if j, ok := log.(*journal.Journal); ok {
				defer j.Close()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range uint64(b.N) {
				if err := log.StoreLogs([]*raft.Log{{Index: i + 1, Term: 1, Data: make([]byte, 1900)}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
