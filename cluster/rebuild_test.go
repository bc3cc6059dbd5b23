package cluster

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/statemachine"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestAStateIsMadeAnewFromSnapshotAndLog takes the folder of a real node, with and
// without a snapshot, and makes anew what the node knew.
func TestAStateIsMadeAnewFromSnapshotAndLog(t *testing.T) {
	t.Parallel()
	for name, snapshot := range map[string]bool{"from the log": false, "from a snapshot and the log": true} {
		t.Run(name, func(t *testing.T) {
			c := &trio{t: t, nodes: make([]*testNode, 1)}
			c.open(0, lonerConfig(t))
			n := c.nodes[0]
			t.Cleanup(func() { c.stop() })
			c.start()
			_, token := c.heartbeat(0, 1)
			ping := func() {
				if _, err := n.Propose(within(t, testkit.Patience), pingOf(n, token)); err != nil {
					t.Fatal(err)
				}
			}
			ping()
			if snapshot {
				if err := n.raft.Load().Snapshot().Error(); err != nil {
					t.Fatal(err)
				}
			}
			ping()
			ping()
			c.shutdown(0)
			want := imageOf(t, n.store)

			f, err := openFolder(n.cfg.DataDir, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer f.close()
			last, err := f.stores.Log.LastIndex()
			if err != nil {
				t.Fatal(err)
			}
			a := statemachine.New(store.New(), func(err error) { t.Error(err) })
			a.RebuildFrom(statemachine.Past{Log: f.stores.Log, Snapshots: f.stores.Snapshots, Logger: slog.New(slog.DiscardHandler)})
			s, err := a.Rebuild(last+1, store.Fault{})
			if err != nil || !bytes.Equal(imageOf(t, s), want) {
				t.Fatalf("another state than the node had (%v)", err)
			}

			// What is known to be faulty is left out from then on.
			pings := lastCommand(t, f.stores.Log, last)
			if _, err := a.Rebuild(pings, store.Fault{}); err != nil {
				t.Fatal(err)
			}
			s, err = a.Rebuild(last+1, store.Fault{})
			hb, err2 := s.Heartbeat(fsm.HeartbeatID{1, 1})
			if err != nil || err2 != nil || hb.Pings != 2 {
				t.Errorf("%d pings without the last one, want 2 (%v, %v)", hb.Pings, err, err2)
			}
		})
	}
}

// lastCommand returns the index of the newest entry with a command in it.
func lastCommand(t *testing.T, logs raft.LogStore, last uint64) uint64 {
	for i := last; i > 0; i-- {
		var e raft.Log
		if err := logs.GetLog(i, &e); err != nil {
			t.Fatal(err)
		}
		var b logentry.Batch
		if e.Type == raft.LogCommand && logentry.DecodeInto(&b, e.Data) == nil && len(b.Items) > 0 {
			return i
		}
	}
	t.Fatal("no command in the log")
	return 0
}

func imageOf(t *testing.T, s *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Snapshot().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
