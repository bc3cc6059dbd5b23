package cluster_test

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	boltdb "github.com/hashicorp/raft-boltdb/v2"
)

// BenchmarkBareRaftApply is the yardstick for one ping at a time: one Apply
// after another on three Raft nodes over TCP that fsync and do nothing else.
func BenchmarkBareRaftApply(b *testing.B) {
	leader := bareCluster(b)
	entry := make([]byte, 100)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := leader.Apply(entry, time.Second).Error(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
}

func bareCluster(b *testing.B) *raft.Raft {
	var nodes []*raft.Raft
	var servers []raft.Server
	for i := range 3 {
		cfg := raft.DefaultConfig()
		cfg.LocalID = raft.ServerID(fmt.Sprint("n", i))
		cfg.Logger = hclog.NewNullLogger()
		dir := b.TempDir()
		log, err := boltdb.NewBoltStore(filepath.Join(dir, "raft.db"))
		check(b, err)
		b.Cleanup(func() { _ = log.Close() })
		snapshots, err := raft.NewFileSnapshotStore(dir, 1, io.Discard)
		check(b, err)
		transport, err := raft.NewTCPTransport("127.0.0.1:0", nil, 3, 10*time.Second, io.Discard)
		check(b, err)
		b.Cleanup(func() {
			_ = transport.Close()
			transport.CloseStreams() // or the other nodes go on reading from them
		})
		node, err := raft.NewRaft(cfg, nothing{}, log, log, snapshots, transport)
		check(b, err)
		b.Cleanup(func() { _ = node.Shutdown().Error() })
		nodes = append(nodes, node)
		servers = append(servers, raft.Server{ID: cfg.LocalID, Address: transport.LocalAddr()})
	}
	check(b, nodes[0].BootstrapCluster(raft.Configuration{Servers: servers}).Error())
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for _, n := range nodes {
			if n.State() == raft.Leader && n.Barrier(time.Second).Error() == nil {
				return n
			}
		}
	}
	b.Fatal("no leader")
	return nil
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// nothing is a state machine without state.
type nothing struct{}

func (nothing) Apply(*raft.Log) any                 { return nil }
func (nothing) Snapshot() (raft.FSMSnapshot, error) { return nothing{}, nil }
func (nothing) Restore(r io.ReadCloser) error       { return r.Close() }
func (nothing) Persist(s raft.SnapshotSink) error   { return s.Close() }
func (nothing) Release()                            {}
