package testkit

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// HashFolder tells every file of a folder with its content.
func HashFolder(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	Must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, err := os.ReadFile(filepath.Join(dir, path))
			fmt.Fprintf(&b, "%s %x %v\n", path, sha256.Sum256(text), err)
		}
		return err
	}))
	return b.String()
}

// CopyFolder copies a folder to a new one.
func CopyFolder(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	Must(t, os.CopyFS(to, os.DirFS(dir)))
	Must(t, os.Chmod(to, 0o700))
	return to
}

// CutFile leaves so much of a file as 1/by.
func CutFile(t testing.TB, file string, by int64) {
	t.Helper()
	info, err := os.Stat(file)
	Must(t, err)
	Must(t, os.Truncate(file, info.Size()/by))
}
