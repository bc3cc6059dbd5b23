package e2e

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// TestAFullDisk fills the disk of a leader that keeps no reserve, a small file system
// of its own, while clients ping: it must end in words, and go on where it was once
// there is room.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "1000000", "--disk-reserve", "0")
	giveOwnDisks(t, e, "12m")
	to := address()
	h := startHerd(t, e, 4, 0, 2*time.Millisecond, touchy(to))
	leader := e.leader()
	h.shun(leader)
	filler := filepath.Join(leader.Dir, "filler")
	fill(t, filler, 0)
	e.endedInWords(t, leader, "no space left on device")
	h.mark()
	t.Logf("pings commit again %s after the leader's end", h.recovered().Round(10*time.Millisecond))
	testkit.Must(t, os.Remove(filler))
	testkit.Must(t, leader.Start())
	e.waitReady()
	h.admit(leader)
	h.finish(leader)
	e.noMails(t, to, h)
}

// giveOwnDisks lets each node go on with a file system of its own, as small as size says.
func giveOwnDisks(t *testing.T, e *env, size string) {
	t.Helper()
	e.waitServing(t)
	for _, n := range e.Nodes {
		testkit.Must(t, n.Stop())
		ownDisk(t, n, size)
		testkit.Must(t, n.Start())
		e.waitReady()
	}
}

// TestADiskThatFills is the same with a reserve: the leader hands over, takes nothing,
// says so, lives on, and recovers by itself. Nobody else notices.
func TestADiskThatFills(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "1000000", "--disk-reserve", "32MiB")
	giveOwnDisks(t, e, "80m")
	to := address()
	h := startHerd(t, e, 4, 0, 20*time.Millisecond, touchy(to))
	leader := e.leader()
	silenced := failInAWindow(t, leader, 12) // which may end while the disk is full
	h.shun(leader)
	filler := filepath.Join(leader.Dir, "filler")
	fill(t, filler, 12<<20)
	testkit.Eventually(t, "the full leader hands over", func() bool { return e.leader() != leader })
	testkit.Eventually(t, "the full node says that it is", func() bool {
		a, err := tryCall("", "GET", leader.URL()+"/readyz", nil)
		return err == nil && strings.Contains(a.body, "disk is nearly full")
	})
	if a := call(t, adminKey, "POST", leader.URL()+"/v1/heartbeats", fields{"name": "more"}); a.status != 503 || !strings.Contains(a.body, "disk_full") {
		t.Errorf("the full node answers %d %s", a.status, a.body)
	}
	testkit.Eventually(t, "a mail tells of the disk, once", func() bool {
		n := 0
		for _, m := range e.sink.Mails("ops@example.com") {
			if m.Subject == "[WARNING] disk of node "+leader.Name+" of the monitor" {
				n++
			}
		}
		return n == 1
	})
	fill(t, filler+"2", 0)
	h.mark()
	h.recovered()
	silenced.toldAfter(t, e)
	testkit.Must(t, os.Remove(filler))
	testkit.Must(t, os.Remove(filler+"2"))
	e.waitReady()
	if !leader.Running() {
		t.Error("the node ended")
	}
	h.admit(leader)
	h.finish(leader)
	e.noMails(t, to, h)
}

// ownDisk moves the folder of a stopped node to a file system of its own.
func ownDisk(t *testing.T, n *localcluster.Node, size string) {
	t.Helper()
	aside := filepath.Join(t.TempDir(), n.Name)
	testkit.Must(t, os.CopyFS(aside, os.DirFS(n.Dir)))
	if err := syscall.Mount("tmpfs", n.Dir, "tmpfs", 0, "size="+size+",mode=700"); err != nil {
		t.Skipf("this machine permits no small file systems: %v", err)
	}
	t.Cleanup(func() {
		_ = n.Kill()
		_ = syscall.Unmount(n.Dir, syscall.MNT_DETACH)
	})
	testkit.Must(t, os.CopyFS(n.Dir, os.DirFS(aside)))
}

// fill writes until there is no room for more than so many bytes.
func fill(t *testing.T, file string, leave int64) {
	t.Helper()
	f, err := os.Create(file)
	testkit.Must(t, err)
	defer f.Close()
	if leave > 0 {
		var s syscall.Statfs_t
		testkit.Must(t, syscall.Statfs(filepath.Dir(file), &s))
		testkit.Must(t, syscall.Fallocate(int(f.Fd()), 0, 0, int64(s.Bavail)*int64(s.Bsize)-leave))
		return
	}
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
			t.Fatal(err)
		}
	}
}
