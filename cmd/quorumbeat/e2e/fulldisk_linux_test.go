package e2e

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestAFullDisk fills the disk of the leader, a small file system of its own, while
// clients ping: it must end in words, and go on where it was once there is room.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	e := start(t, 3, "--history", "1000000")
	e.waitServing(t)
	for _, n := range e.Nodes {
		must(t, n.Stop())
		ownDisk(t, n)
		must(t, n.Start())
		e.waitReady()
	}
	to := address()
	h := startHerd(t, e, 4, 0, 2*time.Millisecond, touchy(to))
	leader := e.leader()
	h.shun(leader)
	filler := filepath.Join(leader.Dir, "filler")
	fill(t, filler)
	e.endedInWords(t, leader, "no space left on device")
	h.mark()
	t.Logf("pings commit again %s after the leader's end", h.recovered().Round(10*time.Millisecond))
	must(t, os.Remove(filler))
	must(t, leader.Start())
	e.waitReady()
	h.admit(leader)
	h.finish(leader)
	e.noMails(t, to, h)
}

// ownDisk moves the folder of a stopped node to a file system of 12 MiB.
func ownDisk(t *testing.T, n *localcluster.Node) {
	t.Helper()
	aside := filepath.Join(t.TempDir(), n.Name)
	must(t, os.CopyFS(aside, os.DirFS(n.Dir)))
	if err := syscall.Mount("tmpfs", n.Dir, "tmpfs", 0, "size=12m,mode=700"); err != nil {
		t.Skipf("this machine permits no small file systems: %v", err)
	}
	t.Cleanup(func() {
		_ = n.Kill()
		_ = syscall.Unmount(n.Dir, syscall.MNT_DETACH)
	})
	must(t, os.CopyFS(n.Dir, os.DirFS(aside)))
}

// fill writes until there is no room for a byte.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	must(t, err)
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
			t.Fatal(err)
		}
	}
}
