package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsReplacedAsAWhole(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	for _, want := range []string{"a long content", "short"} {
		if err := Replace(name, []byte(want)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		info, err2 := os.Stat(name)
		if err := errors.Join(err, err2); err != nil || string(got) != want || info.Mode().Perm() != 0o600 {
			t.Errorf("%q of mode %v, %v; want %q", got, info.Mode(), err, want)
		}
	}
	if _, err := os.Stat(name + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left beside it: %v", err)
	}
}

func TestAFileThatCannotBeReplacedStays(t *testing.T) {
	name := filepath.Join(t.TempDir(), "folder")
	if err := os.MkdirAll(filepath.Join(name, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(name, []byte("x")); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if _, err := os.Stat(name + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left beside it: %v", err)
	}
}
