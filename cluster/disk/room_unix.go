//go:build unix

package disk

import "golang.org/x/sys/unix"

// roomOn returns the bytes that this user may still write to the disk of a folder,
// and the size of the disk.
func roomOn(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	size := int64(s.Bsize)
	return int64(s.Bavail) * size, int64(s.Blocks) * size, nil
}
