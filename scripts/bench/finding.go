package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// finding is a row of the table of figures to reach.
type finding struct {
	what, goal, found string
	met               bool
}

func (b *bench) addFinding(what, goal, found string, met bool) {
	b.found = append(b.found, finding{what, goal, found, met})
}

func showFindings(w io.Writer, list []finding) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\nFigures to reach\n\n")
	tw := newTable(w, "what", "goal", "found", "met")
	for _, f := range list {
		tw.row(f.what, f.goal, f.found, map[bool]string{true: "yes", false: "NO"}[f.met])
	}
	tw.Flush()
}

// sheet is a table for people.
type sheet struct{ *tabwriter.Writer }

func newTable(w io.Writer, heads ...string) sheet {
	s := sheet{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	cells := make([]any, len(heads))
	for i, h := range heads {
		cells[i] = h
	}
	s.row(cells...)
	return s
}

func (s sheet) row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(s, "\t")
		}
		fmt.Fprint(s, c)
	}
	fmt.Fprintln(s)
}

// spread is several measurements of one thing.
type spread []float64

func (s spread) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return (sorted[(len(s)-1)/2] + sorted[len(s)/2]) / 2
}

func (s spread) max() float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Max(s)
}

func (s spread) min() float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Min(s)
}

// percentile is the smallest that p percent are not above.
func (s spread) percentile(p float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	i := int(p/100*float64(len(s))+0.999999) - 1
	return sorted[min(max(i, 0), len(s)-1)]
}

// dividedBy divides measurement by measurement.
func (s spread) dividedBy(by spread) (ratios spread) {
	for i := range min(len(s), len(by)) {
		ratios = append(ratios, s[i]/by[i])
	}
	return ratios
}

// format is the median and where the others lie.
func (s spread) format(format string) string {
	return fmt.Sprintf(format+" ("+format+" to "+format+")", s.median(), s.min(), s.max())
}
