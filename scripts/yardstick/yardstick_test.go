package yardstick

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestWhatIsCommittedIsInBothFiles also shows that those who come together are one batch.
func TestWhatIsCommittedIsInBothFiles(t *testing.T) {
	dir := t.TempDir()
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var follows sync.WaitGroup
	follows.Go(func() {
		if err := follower(ln, there); err != nil {
			t.Error(err)
		}
	})
	d, err := openDisk(here)
	if err != nil {
		t.Fatal(err)
	}
	o, err := reach(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := beginCommits(d, []*other{o})
	const commits = 50
	var all sync.WaitGroup
	for i := range commits {
		all.Go(func() {
			mine := bytes.Repeat([]byte{byte('0' + i)}, 30)
			if err := c.commit(mine); err != nil {
				t.Error(err)
			}
			for _, path := range []string{here, there} {
				if b, err := readFront(path, commits*block); err != nil || !bytes.Contains(b, mine) {
					t.Errorf("%d was acknowledged and is not in %s: %v", i, filepath.Base(path), err)
				}
			}
		})
	}
	all.Wait()
	o.conn.Close()
	follows.Wait()
}

// readFront returns what a file begins with.
func readFront(path string, size int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, size)
	_, err = io.ReadFull(f, b)
	return b, err
}

func TestADiskBeginsAnewWhenItIsFull(t *testing.T) {
	d, err := openDisk(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	d.at = diskSize - block
	for _, size := range []int{block, 1, block + 1} {
		if err := d.write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	if d.at != 3*block {
		t.Errorf("the next write is at %d", d.at)
	}
}
