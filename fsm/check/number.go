package check

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// MaxNumbers is how many numbers may come with a ping.
const MaxNumbers = 16

// MaxName is how long the name of a number may be, in bytes.
const MaxName = 40

// Number is one figure that a job tells of its run. Its value is finite, and not -0.
type Number struct {
	Name  string
	Value float64
}

// Add adds a number to a list that is in the order of the names. Of two with one name the
// later one counts. It reports whether there was room.
func Add(list []Number, n Number) ([]Number, bool) {
	i, found := slices.BinarySearchFunc(list, n.Name, func(x Number, name string) int { return strings.Compare(x.Name, name) })
	switch {
	case found:
		list[i] = n
	case len(list) >= MaxNumbers:
		return list, false
	default:
		list = slices.Insert(list, i, n)
	}
	return list, true
}

// IsName reports whether a number may have a name: a-z, 0-9, _ and ., not a digit or a dot
// first, and no word that checks use otherwise.
func IsName(name string) bool {
	if name == "" || len(name) > MaxName || name == wordLast || name == wordMedian || name == nameBody {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z' || c == '_':
		case (c >= '0' && c <= '9' || c == '.') && i > 0:
		default:
			return false
		}
	}
	return true
}

// ParseNumber reads a number as a client sends it.
func ParseNumber(name, value string) (Number, error) {
	if !IsName(name) {
		return Number{}, fmt.Errorf("the name %+.60q: it must be 1 to %d characters of a-z, 0-9, _ and ., begin with a letter or _, and not be %s, %s or %s",
			name, MaxName, wordLast, wordMedian, nameBody)
	}
	v, ok := parseValue(value)
	if !ok {
		return Number{}, fmt.Errorf("%s is %+.60q, which is no finite decimal number", name, value)
	}
	return Number{name, v}, nil
}

// parseValue reads a finite decimal number; Go's hexadecimal forms, underscores and words
// are none.
func parseValue(text string) (float64, bool) {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !IsFinite(v) {
		return 0, false
	}
	return v + 0, true // no -0
}

// IsFinite reports whether a value may be a Number's.
func IsFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Format writes a value for people: without an exponent where that is readable.
func Format(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
