package zones

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"sync"
	"time"
)

// builtIn is the release of zoneinfo.zip.
const builtIn = "2025c"

//go:embed zoneinfo.zip
var zoneinfo []byte

// source is a set of rules.
type source struct {
	files   fs.FS
	version string // "2025c": later ones compare as greater
	where   string
}

// choose takes the newest rules; those that do not tell how new they are count as old.
func choose(dirs []string) source {
	best := source{files: builtInFiles(), version: builtIn, where: "built in"}
	for _, dir := range dirs {
		files := os.DirFS(dir)
		if v := versionOf(files); v > best.version {
			best = source{files: files, version: v, where: "of this machine"}
		}
	}
	return best
}

// builtInFiles reads the archive's directory, once.
var builtInFiles = sync.OnceValue(func() fs.FS {
	r, err := zip.NewReader(bytes.NewReader(zoneinfo), int64(len(zoneinfo)))
	if err != nil {
		panic(fmt.Sprintf("zoneinfo.zip: %v", err)) // it is part of the program
	}
	return r
})

var (
	release     = regexp.MustCompile(`^\d{4}[a-z]{1,2}`)
	releaseLine = regexp.MustCompile(`^# version (\S+)`)
)

// versionOf reads the release of a folder of rules: from tzdata.zi on Linux, +VERSION on BSD and
// macOS. It is empty if neither says.
func versionOf(files fs.FS) string {
	if m := releaseLine.FindSubmatch(head(files, "tzdata.zi")); m != nil {
		return release.FindString(string(m[1]))
	}
	return release.FindString(string(head(files, "+VERSION")))
}

func head(files fs.FS, name string) []byte {
	f, err := files.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return nil
	}
	return b
}

// maxRules bounds a file of rules; the largest there is has 4 KB.
const maxRules = 1 << 16

func (s source) load(name string) (*time.Location, error) {
	f, err := s.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRules))
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(name, data)
}
