package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAFullSpoolDisk has a file system of its own, with less and less room.
func TestAFullSpoolDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=700"); err != nil {
		t.Skipf("this machine permits no small file systems: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	run := func() (said string) {
		w := shell(t, nobody, "head -c 9000 /dev/zero | tr '\\0' x; exit 3", "--wait", "0s", "--spool", dir)
		if status := w.status(t); status != 3 || w.stdout.Len() != 9000 {
			t.Errorf("status %d, %d bytes came through, said %q", status, w.stdout.Len(), &w.stderr)
		}
		return w.stderr.String()
	}
	if said := run(); !strings.Contains(said, "it is kept") {
		t.Errorf("with room: said %q", said)
	}
	filler := filepath.Join(dir, "filler")
	fillDisk(t, filler, 4096) // a page: enough for the run, not for what it printed
	if said := run(); !strings.Contains(said, "it is kept") {
		t.Errorf("with a little room: said %q", said)
	}
	all := spooled(t, dir)
	if len(all) != 2 || len(all[0].Signals[1].Body) != 9000 || len(all[1].Signals[1].Body) != 0 || all[1].Signals[1].Signal != "3" {
		t.Errorf("kept %d", len(all))
	}
	fillDisk(t, filler, 0)
	if said := run(); !strings.Contains(said, "cannot be kept") || !strings.Contains(said, "no space left") {
		t.Errorf("without room: said %q", said)
	}
	if got := spooled(t, dir); len(got) != 2 {
		t.Errorf("kept %+v", got)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*"+".tmp")); err != nil || len(files) > 0 {
		t.Errorf("left %v, %v", files, err)
	}
}

// fillDisk writes until there is room for no more than rest bytes.
func fillDisk(t *testing.T, file string, rest int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := bytes.Repeat([]byte{1}, 4096); err == nil; {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err == nil {
		err = f.Truncate(info.Size() - rest)
	}
	if err != nil {
		t.Fatal(err)
	}
}
