package usage

import "strings"

// DidYouMean names the nearest of some words, if one is near.
func DidYouMean(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return ": did you mean " + near + "?"
	}
	return ""
}

// Nearest returns the word that takes the fewest edits to get to, "" if all take more
// than a slip or two of its letters.
func Nearest(word string, known []string) string {
	best, least := "", 1+min(3, max(1, len(strings.TrimLeft(word, "-"))/3))
	for _, k := range known {
		if n := editDistance(strings.ToLower(word), strings.ToLower(k)); n < least {
			best, least = k, n
		}
	}
	if best == "" {
		for _, k := range known {
			if len(word) > 2 && strings.HasPrefix(k, word) {
				return k
			}
		}
	}
	return best
}

// editDistance counts the edits from one word to another: letters put in, left out, changed
// or swapped with the next.
func editDistance(a, b string) int {
	before, last := []int(nil), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
