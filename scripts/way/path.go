package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// note says that a function began, or ended.
type note struct {
	at        time.Time
	goroutine uint64
	function  int // negative: the complement of one that ended
	visit     int // to its package; see visits
}

// readNotes reads what the leader noted, once it has noted something after a time.
func readNotes(ctx context.Context, file string, until time.Time) (notes []note, err error) {
	for {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		notes = notes[:0]
		for ; len(b) >= 24; b = b[24:] {
			notes = append(notes, note{
				at:        time.Unix(0, int64(binary.LittleEndian.Uint64(b))),
				goroutine: binary.LittleEndian.Uint64(b[8:]), function: int(binary.LittleEndian.Uint64(b[16:])),
			})
		}
		if len(notes) > 0 && notes[len(notes)-1].at.After(until) {
			return notes, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// frame is a function that has not ended.
type frame struct {
	dir   string
	visit int
}

// visits tells of each beginning to which visit of its package it belongs, and drops the
// ends. A visit lasts as long as the one of the package that called.
func visits(notes []note, functions []function) (began []note) {
	type entry struct {
		from int
		dir  string
	}
	stacks := map[uint64][]frame{}
	known := map[entry]int{}
	last := 0
	for _, x := range notes {
		stack := stacks[x.goroutine]
		if x.function < 0 {
			stacks[x.goroutine] = stack[:max(0, len(stack)-1)]
			continue
		}
		if len(stack) == 0 { // the goroutine itself, whoever began it
			last++
			stack = append(stack, frame{visit: last})
		}
		dir := functions[x.function].dir
		e := entry{stack[len(stack)-1].visit, dir}
		if i := slices.IndexFunc(stack, func(f frame) bool { return f.dir == dir }); i >= 0 {
			x.visit = stack[i].visit
		} else if x.visit = known[e]; x.visit == 0 {
			last++
			x.visit, known[e] = last, last
		}
		stacks[x.goroutine] = append(stack, frame{dir, x.visit})
		began = append(began, x)
	}
	return began
}

// pathOf returns the functions that nine of ten passages have, as a typical one passed them:
// those of each goroutine together. began are the beginnings of the passages and the last
// one's end. What also ran from quiet on, before the first, is left out.
func pathOf(notes []note, began []time.Time, quiet time.Time) []note {
	n := len(began) - 1
	passages, always, seen := make([][]note, n), map[int]bool{}, map[int]int{}
	for _, x := range notes {
		i, _ := slices.BinarySearchFunc(began, x.at, time.Time.Compare)
		switch {
		case i > 0 && i <= n:
			if !slices.ContainsFunc(passages[i-1], func(y note) bool { return y.function == x.function }) {
				seen[x.function]++
			}
			passages[i-1] = append(passages[i-1], x)
		case i == 0 && !quiet.IsZero() && x.at.After(quiet):
			always[x.function] = true
		}
	}
	isCommon := func(f int) bool { return 10*seen[f] >= 9*n && !always[f] }
	var whole [][]note
	for _, p := range passages {
		p = slices.DeleteFunc(p, func(x note) bool { return !isCommon(x.function) })
		functions := map[int]bool{}
		for _, x := range p {
			functions[x.function] = true
		}
		missing := false
		for f := range seen {
			missing = missing || isCommon(f) && !functions[f]
		}
		if !missing {
			whole = append(whole, inOrder(p))
		}
	}
	slices.SortFunc(whole, func(a, b []note) int { return len(a) - len(b) })
	if len(whole) == 0 {
		return nil
	}
	return whole[len(whole)/2]
}

// inOrder puts what each goroutine did together, the goroutines as they began.
func inOrder(p []note) (path []note) {
	for len(p) > 0 {
		g := p[0].goroutine
		var rest []note
		for _, x := range p {
			if x.goroutine == g {
				path = append(path, x)
			} else {
				rest = append(rest, x)
			}
		}
		p = rest
	}
	return path
}

// report tells the files in order, with their functions, and how often packages were entered.
func report(w io.Writer, path []note, functions []function) {
	type place struct{ dir, file string }
	var files []place
	names := map[place][]string{}
	entered := map[string][]int{}
	for _, x := range path {
		f := functions[x.function]
		at := place{f.dir, f.file}
		if !slices.Contains(entered[f.dir], x.visit) {
			entered[f.dir] = append(entered[f.dir], x.visit)
		}
		if !slices.Contains(files, at) {
			files = append(files, at)
		}
		if !slices.Contains(names[at], f.name) {
			names[at] = append(names[at], f.name)
		}
	}
	fmt.Fprintf(w, "%d files of %d packages:\n", len(files), len(entered))
	for i, at := range files {
		fmt.Fprintf(w, "%3d %-26s %d× %-20s %s\n", i+1, at.dir, len(entered[at.dir]), at.file, strings.Join(names[at], ", "))
	}
}
