package main

import (
	"fmt"
	"io"
	"strings"
)

// table is what a command shows to a person: cells in columns that line up. A row
// without cells ends a part; the next one has columns of its own.
type table struct {
	wide  bool // show what few need, too, and cut nothing
	parts [][][]cell
}

type cell struct {
	text string
	free bool // it gives way: it is cut, or goes on in further lines
	more bool
}

// free is a text that may be cut to fit the terminal.
type free string

// folded is a text at the end of a row that goes on in further lines if it does not fit.
type folded string

const (
	columnGap = 2
	leastCut  = 8 // no column is cut to less
)

// row adds a row.
func row(w *table, cells ...any) {
	if len(cells) == 0 || len(w.parts) == 0 {
		w.parts = append(w.parts, nil)
	}
	if len(cells) == 0 {
		return
	}
	var r []cell
	for _, c := range cells {
		_, isFree := c.(free)
		_, isWrapped := c.(folded)
		r = append(r, cell{printable(fmt.Sprint(c)), isFree || isWrapped, isWrapped})
	}
	last := &w.parts[len(w.parts)-1]
	*last = append(*last, r)
}

// write lays the table out for a terminal with so many columns; 0: there is none, and
// nothing is cut.
func (w *table) write(to io.Writer, columns int) error {
	if w.wide {
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
	widths := fit(rows, columns)
	for _, r := range rows {
		indent := 0
		for i, c := range r {
			shown := c.text
			switch {
			case c.more:
				shown = strings.Join(chunks(shown, widths[i]), "\n"+strings.Repeat(" ", indent))
			case c.free:
				shown = cut(shown, widths[i])
			}
			text.WriteString(shown)
			if i < len(r)-1 {
				text.WriteString(strings.Repeat(" ", max(0, widths[i]-displayWidth(shown))+columnGap))
			}
			indent += widths[i] + columnGap
		}
		text.WriteByte('\n')
	}
}

// fit returns how wide each column is. If all are wider than the terminal, those with
// free texts give way, the widest first.
func fit(rows [][]cell, columns int) []int {
	var widths []int
	mayCut := map[int]bool{}
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], displayWidth(c.text))
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
			if mayCut[i] && n > leastCut && (widest < 0 || n > widths[widest]) {
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
