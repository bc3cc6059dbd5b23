package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace replaces a file, of mode 0600: whatever happens, the old content is there or the
// new one. Only one caller at a time may replace a name.
func Replace(name string, data []byte) error {
	if err := ReplaceUnsynced(name, data); err != nil {
		return err
	}
	return Sync(filepath.Dir(name))
}

// ReplaceUnsynced is Replace, but for one thing: a power cut right after it may bring the
// old content back.
func ReplaceUnsynced(name string, data []byte) error {
	tmp := name + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = f.Chmod(0o600) // whatever the mask
	if err == nil {
		_, err = f.Write(data)
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err != nil {
		_ = os.Remove(tmp)
	}
	return err
}
