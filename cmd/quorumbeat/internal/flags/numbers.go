package flags

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The numbers that the server keeps. It takes a ping with others and leaves those out.
var (
	numberName = regexp.MustCompile(`^[a-z_][a-z0-9_.]{0,39}$`)
	checkWords = []string{"last", "median", "body"}
)

const maxNumbers = 16

// Numbers is a flag of numbers by their names, NAME=VALUE, which may be given several times. Of
// two with one name the later one counts.
type Numbers map[string]float64

func (n *Numbers) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	v, err := strconv.ParseFloat(value, 64)
	_, known := (*n)[name]
	switch {
	case !found || name == "" || err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Errorf("%.80q is no name and number, like bytes=1048576", text)
	case !numberName.MatchString(name) || slices.Contains(checkWords, name):
		return fmt.Errorf("the name of %.80q must be 1 to 40 characters of a-z, 0-9, _ and ., begin with a letter or _, and not be last, median or body", text)
	case !known && len(*n) == maxNumbers:
		return fmt.Errorf("%.80q is one too many: a ping takes %d numbers", text, maxNumbers)
	case *n == nil:
		*n = Numbers{}
	}
	(*n)[name] = v
	return nil
}

// SetLines sets the numbers of a text, one a line; empty lines are left out. The error names
// those that are wrong; the others are set.
func (n *Numbers) SetLines(text string) (err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			err = errors.Join(err, n.Set(line))
		}
	}
	return err
}

func (n *Numbers) String() string { return "" }
func (*Numbers) Type() string     { return "NAME=VALUE" }
