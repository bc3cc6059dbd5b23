package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestPowerCuts runs a node on an ext4 whose disk notes each write and flush, while
// clients ping, and then cuts the power of that disk at random moments. From each of
// them the node must start with every ping that had been acknowledged then. It needs
// root, FUSE and loop devices, and QUORUMBEAT_SOAK_POWERCUTS, the number of cuts.
func TestPowerCuts(t *testing.T) {
	cuts := soakNumber(t, "QUORUMBEAT_SOAK_POWERCUTS", 0)
	if cuts == 0 {
		t.Skip("set QUORUMBEAT_SOAK_POWERCUTS to the number of power cuts")
	}
	if os.Getuid() != 0 {
		t.Skip("only root may mount file systems")
	}
	e := startFaulty(t, 1, "--history", "100000")
	n := e.Nodes[0]
	testkit.Must(t, n.Break("snapshots", "300"))
	testkit.Must(t, n.Stop())
	was := n.Dir + ".was"
	testkit.Must(t, os.Rename(n.Dir, was))
	testkit.Must(t, os.Mkdir(n.Dir, 0o700))
	var acked, sent atomic.Int64
	disk := mountPowerDisk(t, 96<<20, n.Dir, acked.Load)
	testkit.Must(t, os.CopyFS(n.Dir, os.DirFS(was)))
	testkit.Must(t, os.RemoveAll(filepath.Join(n.Dir, "lost+found")))
	testkit.Must(t, os.Chmod(n.Dir, 0o700))
	testkit.Must(t, n.Start())
	e.waitReady()
	h := create(t, n, fields{"name": "power", "interval_secs": 86400})
	first := disk.count()
	pingForAWhile(n, h, 5*time.Second, &acked, &sent)
	testkit.Must(t, n.Kill())
	last := disk.count()
	t.Logf("%d pings acknowledged, %d operations of the disk", acked.Load(), last-first)
	dir, flags := n.Dir, e.Flags
	for seed := range uint64(cuts) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		image, had := disk.cutAt(first+rnd.IntN(last-first), rnd)
		got, err := pingsOn(t, dir, flags, image, h)
		if err != nil || got < had || got > sent.Load() {
			t.Errorf("cut %d: it has %d pings, %d were acknowledged before it, %d sent at all: %v", seed, got, had, sent.Load(), err)
		}
	}
	// As of a disk that flushed nothing of the second half.
	image, _ := disk.cutAt(first+(last-first)/2, rand.New(rand.NewPCG(1, 4)))
	if got, err := pingsOn(t, dir, flags, image, h); err == nil && got >= acked.Load() {
		t.Errorf("a disk that lost half of it all has all %d pings: this test sees nothing", got)
	}
}

// pingForAWhile pings through several clients, and counts what is sent and acknowledged.
func pingForAWhile(n *localcluster.Node, h heartbeat, d time.Duration, acked, sent *atomic.Int64) {
	var clients sync.WaitGroup
	end := time.Now().Add(d)
	for range 4 {
		clients.Go(func() {
			for time.Now().Before(end) {
				sent.Add(1)
				if a, err := tryCall("", "POST", n.URL()+"/v1/heartbeats/"+h.Token+"/ping", nil); err == nil && a.status == 200 {
					acked.Add(1)
				}
			}
		})
	}
	clients.Wait()
}

// pingsOn starts a node on a disk after a power cut, and tells how many pings it has.
func pingsOn(t *testing.T, dir string, flags []string, image []byte, h heartbeat) (int64, error) {
	t.Helper()
	base := t.TempDir()
	file, on := filepath.Join(base, "image"), filepath.Join(base, filepath.Base(dir))
	testkit.Must(t, os.WriteFile(file, image, 0o600))
	testkit.Must(t, os.Mkdir(on, 0o700))
	unmount := mountImage(t, file, on)
	defer func() { unmount(); testkit.Must(t, os.Remove(file)) }()
	c, err := localcluster.Start(localcluster.Options{Binary: binary, Dir: base, Nodes: 1, AdminKey: adminKey, Flags: flags})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Nodes[0].WaitReady(ctx); err != nil {
		return 0, err
	}
	return int64(get(t, c.Nodes[0], h.ID).PingsTotal), nil
}
