package identity

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzIdentityFile reads any bytes as node.json: they are the file of a node, or
// are refused, and then the file stays as it is.
func FuzzIdentityFile(f *testing.F) {
	dir := f.TempDir()
	id, err := Open(dir, Options{})
	if err != nil {
		f.Fatal(err)
	}
	_ = id.Close()
	whole, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"node":{"id":"x"},"crc32c":0}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		name := filepath.Join(dir, FileName)
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := Open(dir, Options{})
		if err != nil {
			if now, _ := os.ReadFile(name); string(now) != string(text) {
				t.Errorf("a file that was refused was changed: %q", now)
			}
			return
		}
		defer id.Close()
		if id.ID.IsZero() || id.Boot == 0 {
			t.Errorf("accepted without an ID or a start: %+v", id.content)
		}
	})
}
