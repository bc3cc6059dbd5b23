package wrap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheTailIsTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		parts []string
		want  string
	}{
		"nothing":          {nil, ""},
		"little":           {[]string{"a", "b"}, "ab"},
		"as much":          {[]string{strings.Repeat("x", keptTail)}, strings.Repeat("x", keptTail)},
		"one more":         {[]string{"y" + strings.Repeat("x", keptTail)}, strings.Repeat("x", keptTail)},
		"a large part":     {[]string{"y", strings.Repeat("z", 1<<20), "end"}, strings.Repeat("z", keptTail-3) + "end"},
		"a character cut":  {[]string{"🐑" + strings.Repeat("x", keptTail-1)}, strings.Repeat("x", keptTail-1)},
		"a character kept": {[]string{"y🐑" + strings.Repeat("x", keptTail-4)}, "🐑" + strings.Repeat("x", keptTail-4)},
		"no characters":    {[]string{strings.Repeat("\x80", keptTail+5)}, strings.Repeat("\x80", keptTail)},
	} {
		var tail tail
		for _, p := range c.parts {
			tail.add([]byte(p))
		}
		if got := string(tail.text()); got != c.want {
			t.Errorf("%s: %d bytes %.20q…, want %d %.20q…", name, len(got), got, len(c.want), c.want)
		}
	}
	var tail tail
	var all []byte
	for i := range 5000 {
		part := []byte(fmt.Sprintf("%d é ", i))
		all = append(all, part...)
		tail.add(part)
		if i%50 != 0 {
			continue
		}
		got := tail.text()
		if !bytes.HasSuffix(all, got) || len(got) > keptTail || len(got) < min(len(all), keptTail-3) || !utf8.Valid(got) {
			t.Fatalf("after %d parts: %d bytes of %d", i+1, len(got), len(all))
		}
	}
}
