package term

import "strings"

// Reflow breaks the lines of a text anew where they are too long; lines that begin with a
// space stay as they are. Without a terminal all do.
func Reflow(text string, columns int) string {
	if columns == 0 {
		return text
	}
	var lines []string
	open := false // the last line may go on
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			lines, open = append(lines, line), false
			continue
		}
		for word := range strings.FieldsSeq(line) {
			last := len(lines) - 1
			if open && Width(lines[last])+1+Width(word) <= columns {
				lines[last] += " " + word
			} else {
				lines, open = append(lines, word), true
			}
		}
	}
	return strings.Join(lines, "\n")
}
