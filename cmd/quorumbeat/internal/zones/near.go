package zones

import (
	"archive/zip"
	"path"
	"strings"
)

// nearest finds the name that was probably meant: another spelling of it, its city alone, or one that
// differs in two letters at most. It is empty if there is none.
func nearest(name string) string {
	wanted := plain(name)
	best, least := "", min(3, len(wanted)/2+1) // half of a short name is another name
	for _, known := range Names() {
		if d := distance(wanted, plain(known), least); d < least {
			best, least = known, d
		}
	}
	if best == "" || least > 0 {
		if city := byCity(wanted); city != "" {
			return city
		}
	}
	return best
}

func byCity(wanted string) string {
	for _, known := range Names() {
		if plain(path.Base(known)) == wanted {
			return known
		}
	}
	return ""
}

// plain drops what people write differently.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-':
			return -1
		case '\\':
			return '/'
		}
		return r
	}, strings.ToLower(name))
}

// Names are the names of zones that are built in.
func Names() (names []string) {
	for _, f := range builtInFiles().(*zip.Reader).File {
		names = append(names, f.Name)
	}
	return names
}

// distance counts the letters to change, add or leave out between a and b; it is limit if they are
// that many or more.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}
