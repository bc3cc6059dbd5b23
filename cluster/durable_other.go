//go:build !linux

package cluster

import "os"

// openDurable opens a file whose writes are followed by a sync.
func openDurable(path string) (*journalFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	return &journalFile{File: f, sync: true}, err
}
