package charset

import (
	"strings"
	"testing"
	"unicode"
)

// TestPlainTextNeedsNoOtherLook holds IsPlain to what it spares: the looks at each character.
func TestPlainTextNeedsNoOtherLook(t *testing.T) {
	for c := rune(0); c < 0x300; c++ {
		for _, s := range []string{string(c), " " + string(c), "a" + string(c), string(c) + "~"} {
			bad := strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsFunc(s, IsMisleading) || !strings.ContainsFunc(s, IsVisible)
			if IsPlain(s) && (bad || len(s) != len([]rune(s))) {
				t.Errorf("%q counts as plain", s)
			}
			if c < 0x80 && IsPlain(s) == bad {
				t.Errorf("%q: IsPlain is %v", s, IsPlain(s))
			}
		}
	}
	if IsPlain("") || IsPlain("   ") || IsPlain("\xff") {
		t.Error("nothing, spaces or no text at all count as plain")
	}
}
