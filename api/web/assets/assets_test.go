package assets

import (
	"io/fs"
	"strings"
	"testing"
)

// TestThereIsOneStyleAndOneSmallScript: pages are to be there at once, on any line.
func TestThereIsOneStyleAndOneSmallScript(t *testing.T) {
	kinds := map[string]int{}
	names, _ := fs.Glob(files, "*")
	for _, name := range names {
		body, contentType, found := Find(Name(name))
		if !found || contentType == "" || len(body) == 0 {
			t.Errorf("%s: %q, %d bytes", name, contentType, len(body))
		}
		if kinds[name[strings.LastIndex(name, "."):]]++; len(body) > 20<<10 {
			t.Errorf("%s has %d bytes", name, len(body))
		}
	}
	if kinds[".css"] != 1 || kinds[".js"] != 1 || kinds[".svg"] == 0 {
		t.Errorf("%v", kinds)
	}
	for _, name := range []string{"", "style.css", "style.0.css", "style..css", "../assets.go", "assets.go", ".css", "x.y.z"} {
		if _, _, found := Find(name); found {
			t.Errorf("%q is found", name)
		}
	}
}
