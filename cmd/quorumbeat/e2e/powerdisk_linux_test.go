package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// powerDisk is a disk whose power can be cut afterwards: it notes each write and each
// flush that it gets. It is a file of a FUSE file system, below a loop device.
type powerDisk struct {
	fs.Inode
	mark func() int64 // asked with each operation

	mu    sync.Mutex
	base  []byte // when it was new
	bytes []byte // now
	ops   []diskOp
}

// diskOp is a write, or, without data, a flush.
type diskOp struct {
	at   int64
	data []byte
	mark int64
}

func (d *powerDisk) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = 0o600, uint64(len(d.bytes))
	return 0
}

// Setattr is how the kernel tells that the file's time has changed.
func (d *powerDisk) Setattr(ctx context.Context, f fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return d.Getattr(ctx, f, out)
}

func (d *powerDisk) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

func (d *powerDisk) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if off >= int64(len(d.bytes)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(dest[:copy(dest, d.bytes[off:])]), 0
}

func (d *powerDisk) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := copy(d.bytes[off:], data)
	d.ops = append(d.ops, diskOp{off, append([]byte(nil), data[:n]...), d.mark()})
	return uint32(n), 0
}

func (d *powerDisk) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops = append(d.ops, diskOp{mark: d.mark()})
	return 0
}

func (d *powerDisk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ops)
}

// cutAt returns what is on the disk when the power is cut before operation n, and the
// mark then. Writes before the last flush are there. Of those behind it, which the disk
// may do in any order, each sector is there or is not.
func (d *powerDisk) cutAt(n int, rnd *rand.Rand) (image []byte, mark int64) {
	const sector = 512
	image, flushed := append([]byte(nil), d.base...), 0
	for i, op := range d.ops[:n] {
		if op.data == nil {
			flushed = i
		}
		mark = op.mark
	}
	all := rnd.IntN(3) // none of them, any, or all
	for i, op := range d.ops[:n] {
		for at := 0; at < len(op.data); at += sector {
			if i < flushed || all == 2 || all == 1 && rnd.IntN(2) == 0 {
				copy(image[op.at+int64(at):], op.data[at:min(at+sector, len(op.data))])
			}
		}
	}
	return image, mark
}

// mountPowerDisk makes an ext4 on a disk whose power can be cut, and mounts it.
func mountPowerDisk(t *testing.T, size int64, on string, mark func() int64) *powerDisk {
	t.Helper()
	blank := filepath.Join(t.TempDir(), "blank")
	testkit.Must(t, os.WriteFile(blank, nil, 0o600))
	testkit.Must(t, os.Truncate(blank, size))
	shell(t, "mkfs.ext4", "-q", blank)
	base, err := os.ReadFile(blank)
	testkit.Must(t, err)
	d := &powerDisk{mark: mark, base: base, bytes: append([]byte(nil), base...)}
	below := t.TempDir()
	root := &fs.Inode{}
	server, err := fs.Mount(below, root, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMount: true, MaxWrite: 128 << 10},
		OnAdd: func(ctx context.Context) {
			root.AddChild("disk", root.NewPersistentInode(ctx, d, fs.StableAttr{Mode: fuse.S_IFREG}), false)
		},
	})
	testkit.Must(t, err)
	t.Cleanup(func() { testkit.Must(t, server.Unmount()) })
	mountImage(t, filepath.Join(below, "disk"), on)
	return d
}

// mountImage mounts the ext4 in a file until the test ends.
func mountImage(t *testing.T, image, on string) (unmount func()) {
	t.Helper()
	shell(t, "mount", "-o", "loop", image, on)
	unmount = sync.OnceFunc(func() { shell(t, "umount", on) })
	t.Cleanup(unmount)
	return unmount
}

func shell(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}
