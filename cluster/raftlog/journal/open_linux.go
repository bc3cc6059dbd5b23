package journal

import (
	"os"
	"syscall"
)

// openSynced opens a journal's file, whose second block is empty, so that a write
// returns when it is on disk, past the page cache if the file system can: that costs
// least.
func openSynced(path string) (*file, error) {
	for _, past := range []int{syscall.O_DIRECT, 0} {
		f, err := os.OpenFile(path, os.O_RDWR|syscall.O_DSYNC|past, 0o600)
		if err != nil {
			continue
		}
		if _, err = f.WriteAt(alignedBuffer(blockSize)[:blockSize], blockSize); err == nil {
			return &file{File: f}, nil
		}
		f.Close()
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	return &file{File: f, sync: true}, err
}
