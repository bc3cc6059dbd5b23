package charset

// The tables are our own: those of package unicode grow with Go, and two nodes must
// never disagree about a name.

// span is a range of characters, with its ends.
type span struct{ from, to rune }

// directional are the controls of bidirectional text, and the separators of lines. A name
// with one of them does not look like what it is.
var directional = []span{{0x061C, 0x061C}, {0x200E, 0x200F}, {0x2028, 0x2029}, {0x202A, 0x202E}, {0x2066, 0x2069}}

// invisible are spaces, what has no width or no form (joiners, fillers, variation selectors,
// tags), and marks that need another character before them.
var invisible = []span{
	{0x00, 0x20},
	{0x7F, 0xA0},
	{0x00AD, 0x00AD},
	{0x0300, 0x036F},
	{0x061C, 0x061C},
	{0x115F, 0x1160},
	{0x1680, 0x1680},
	{0x17B4, 0x17B5},
	{0x180B, 0x180F},
	{0x1AB0, 0x1AFF},
	{0x1DC0, 0x1DFF},
	{0x2000, 0x200F},
	{0x2028, 0x202F},
	{0x205F, 0x206F},
	{0x20D0, 0x20FF},
	{0x2800, 0x2800},
	{0x3000, 0x3000},
	{0x3164, 0x3164},
	{0xFE00, 0xFE0F},
	{0xFE20, 0xFE2F},
	{0xFEFF, 0xFEFF},
	{0xFFA0, 0xFFA0},
	{0xFFF0, 0xFFFB},
	{0x1BCA0, 0x1BCA3},
	{0x1D173, 0x1D17A},
	{0xE0000, 0xE0FFF},
}

// IsMisleading reports whether a name with a character may not look like what it is.
func IsMisleading(r rune) bool { return inSpans(directional, r) }

// IsVisible reports whether a character shows by itself.
func IsVisible(r rune) bool { return !inSpans(invisible, r) }

func inSpans(spans []span, r rune) bool {
	for _, s := range spans {
		if r >= s.from && r <= s.to {
			return true
		}
	}
	return false
}

// IsPlain reports whether a text is of printable ASCII, and not of spaces alone: nothing in it is
// misleading, something is visible, and it has as many characters as bytes.
func IsPlain(s string) bool {
	visible := false
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
		visible = visible || s[i] != ' '
	}
	return visible
}
