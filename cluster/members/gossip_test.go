package members

import (
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestMetadataFitsAndComesBack(t *testing.T) {
	long := Meta{
		ClusterID: fsm.NodeID{1}, Name: strings.Repeat("n", 200), HTTP: strings.Repeat("h", 60), Cluster: strings.Repeat("c", 60), Version: "v1",
	}
	b := long.encode()
	if len(b) > 512 {
		t.Errorf("%d bytes; memberlist takes 512", len(b))
	}
	got, ok := decodeMeta(b)
	if !ok || got != long {
		t.Errorf("came back as %+v", got)
	}
	for cut := range b {
		if m, ok := decodeMeta(b[:cut]); ok {
			t.Errorf("cut to %d bytes it is %+v", cut, m)
		}
	}
}

// FuzzMetadata reads what another node may tell of itself by gossip.
func FuzzMetadata(f *testing.F) {
	f.Add(Meta{ClusterID: fsm.NodeID{1}, Name: "n", HTTP: "h:1", Cluster: "c:2", Version: "v1", Deaf: true}.encode())
	f.Fuzz(func(t *testing.T, b []byte) { decodeMeta(b) })
}

// TestChangesAtOneMomentAreAllTold has three nodes change at the same moment, as when all
// their listeners are lost at once: each must hear of the others' change by itself, and not
// only when memberlist next exchanges whole states, after 5 s and more.
func TestChangesAtOneMomentAreAllTold(t *testing.T) {
	first := openGossip(t)
	nodes := []*Gossip{first, openGossip(t, first.Addr()), openGossip(t, first.Addr())}
	for _, g := range nodes {
		g.Start(Meta{Name: "node", HTTP: "h"}, func(error) {})
	}
	for _, g := range nodes {
		testkit.Eventually(t, "all know each other", func() bool { return len(g.Members()) == len(nodes) })
	}
	late := 0
	for round := range 6 {
		deaf := round%2 == 0
		began := time.Now()
		var changing sync.WaitGroup
		for _, g := range nodes {
			changing.Go(func() {
				_ = g.list.UpdateNode(time.Millisecond) // what replaces this has memberlist's queue number the next two from 1 again
				g.SetMeta(Meta{Name: "node", HTTP: "h", Deaf: deaf})
			})
		}
		changing.Wait()
		for _, g := range nodes {
			testkit.Eventually(t, "all know of the change", func() bool {
				for _, m := range g.Members() {
					if m.Deaf != deaf {
						return false
					}
				}
				return true
			})
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Logf("round %d took %v", round, took)
			late++
		}
	}
	if late > 1 {
		t.Errorf("%d of 6 changes were not told in time", late)
	}
}

// openGossip opens the gossip of a node that joins others.
func openGossip(t *testing.T, join ...string) *Gossip {
	t.Helper()
	id, err := identity.Open(t.TempDir(), identity.Options{})
	testkit.Must(t, err)
	log := slog.New(slog.DiscardHandler)
	g, err := OpenGossip(GossipOptions{
		Identity: id, NodeName: "node", Addr: "127.0.0.1:0", Join: join,
		Known: func(netip.Addr) bool { return true }, Troubles: NewTroubles(log), Log: log, LogWriter: io.Discard,
	})
	testkit.Must(t, err)
	t.Cleanup(func() { testkit.Must(t, g.Close()); testkit.Must(t, id.Close()) })
	return g
}
