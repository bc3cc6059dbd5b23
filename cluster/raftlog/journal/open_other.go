//go:build !linux

package journal

import "os"

// openSynced opens a file whose writes are followed by a sync.
func openSynced(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	return &file{File: f, sync: true}, err
}
