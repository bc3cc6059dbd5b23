package term

import (
	"fmt"
	"io"
	"strings"
)

// Table is what a command shows to a person: cells in columns that line up. A row
// without cells ends a part; the next one has columns of its own.
type Table struct {
	Wide  bool // show what few need, too, and cut nothing
	parts [][][]cell
}

type cell struct {
	text string
	free bool // it gives way: it is cut, or goes on in further lines
	more bool
}

// Free is a text that may be cut to fit the terminal.
type Free string

// Folded is a text at the end of a row that goes on in further lines if it does not fit.
type Folded string

const (
	columnGap = 2
	minCut    = 8 // no column is cut to less
)

// Row adds a row.
func (w *Table) Row(cells ...any) {
	if len(cells) == 0 || len(w.parts) == 0 {
		w.parts = append(w.parts, nil)
	}
	if len(cells) == 0 {
		return
	}
	var r []cell
	for _, c := range cells {
		_, isFree := c.(Free)
		_, isWrapped := c.(Folded)
		r = append(r, cell{Printable(fmt.Sprint(c)), isFree || isWrapped, isWrapped})
	}
	last := &w.parts[len(w.parts)-1]
	*last = append(*last, r)
}

// Write lays the table out for a terminal with so many columns; 0: there is none, and
// nothing is cut.
func (w *Table) Write(to io.Writer, columns int) error {
	if w.Wide {
		columns = 0
	}
	var text strings.Builder
	for i, part := range w.parts {
		if i > 0 {
			text.WriteByte('\n')
		}
		writePart(&text, part, columns)
	}
	_, err := io.WriteString(to, text.String())
	return err
}

func writePart(text *strings.Builder, rows [][]cell, columns int) {
	widths := columnWidths(rows, columns)
	for _, r := range rows {
		indent := 0
		for i, c := range r {
			shown := c.text
			switch {
			case c.more:
				shown = strings.Join(breakLines(shown, widths[i]), "\n"+strings.Repeat(" ", indent))
			case c.free:
				shown = truncate(shown, widths[i])
			}
			text.WriteString(shown)
			if i < len(r)-1 {
				text.WriteString(strings.Repeat(" ", max(0, widths[i]-Width(shown))+columnGap))
			}
			indent += widths[i] + columnGap
		}
		text.WriteByte('\n')
	}
}

// columnWidths returns how wide each column is. If all are wider than the terminal, those with
// free texts give way, the widest first.
func columnWidths(rows [][]cell, columns int) []int {
	var widths []int
	mayCut := map[int]bool{}
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(c.text))
			mayCut[i] = mayCut[i] || c.free
		}
	}
	total := -columnGap
	for _, n := range widths {
		total += n + columnGap
	}
	for columns > 0 && total > columns {
		widest := -1
		for i, n := range widths {
			if mayCut[i] && n > minCut && (widest < 0 || n > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
		total--
	}
	return widths
}
