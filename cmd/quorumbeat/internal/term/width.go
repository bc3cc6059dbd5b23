package term

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// emojiStyle after a character has terminals draw it as an emoji, two columns wide.
const emojiStyle = '\uFE0F'

// Width is how many columns of a terminal a text takes.
func Width(s string) int {
	total, last := 0, 0
	for _, c := range s {
		if c == emojiStyle && last == 1 {
			total, last = total+1, 2
			continue
		}
		if n := runeWidth(c); n > 0 {
			total, last = total+n, n
		}
	}
	return total
}

func runeWidth(c rune) int {
	if unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(c).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// truncate shortens a text to so many columns, with … for what is missing.
func truncate(s string, columns int) string {
	if Width(s) <= columns {
		return s
	}
	end := 0
	for i := range s {
		if Width(s[:i]) > columns-1 {
			break
		}
		end = i
	}
	return s[:end] + "…"
}

// breakLines breaks a text into lines of so many columns: at spaces, and within words that
// are longer.
func breakLines(s string, columns int) (lines []string) {
	for line := range strings.SplitSeq(Reflow(s, columns), "\n") {
		for Width(line) > columns {
			head := strings.TrimSuffix(truncate(line, columns+1), "…")
			lines, line = append(lines, head), line[len(head):]
		}
		lines = append(lines, line)
	}
	return lines
}

// Printable replaces what would move the cursor, colour the screen or turn the order of
// characters round: texts of jobs are shown, not obeyed.
func Printable(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t':
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c):
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
