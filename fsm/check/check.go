package check

import (
	"fmt"
	"slices"
	"strconv"
)

// Limits of a heartbeat's checks.
const (
	MaxChecks = 20
	MaxLen    = 200 // bytes of a check
)

// Kept is how many earlier values a median is of at most.
const Kept = 20

// Seconds is the name of how long a run took.
const Seconds = "seconds"

// These names have a meaning of their own, too.
const (
	nameExit   = "exit_code" //
	nameBody   = "body"      // what came with the ping
	wordLast   = "last"
	wordMedian = "median"
)

// against is what a value is compared with.
type against uint8

const (
	constant against = iota
	last             // Factor times the value of the last good run
	median           // Factor times the median of the last good runs
	contains         // Text is in the body
	lacks            // Text is not
)

// Check is one rule for good runs. Parse makes one.
type Check struct {
	name    string
	op      string // one of operators; "" for a body
	against against
	factor  float64 // the constant itself, or what last or median is multiplied by
	text    string  // of a body
}

var operators = []string{">=", "<=", "==", "!=", ">", "<"}

// String returns the check in its canonical form, which Parse reads as the same check.
func (c Check) String() string {
	switch c.against {
	case contains:
		return nameBody + " contains " + strconv.Quote(c.text)
	case lacks:
		return nameBody + " doesn't contain " + strconv.Quote(c.text)
	}
	return c.name + " " + c.op + " " + c.operand()
}

// operand writes what a value is compared with.
func (c Check) operand() string {
	word := wordLast
	switch c.against {
	case constant:
		return Format(c.factor)
	case median:
		word = wordMedian
	}
	if c.factor == 1 {
		return word
	}
	return Format(c.factor) + " * " + word
}

// Compared returns the names of the numbers whose earlier values checks need. Checks that
// cannot be read need none.
func Compared(checks []string) (names []string) {
	for _, text := range checks {
		c, err := Parse(text)
		if err == nil && (c.against == last || c.against == median) && !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// Validate reads all checks of a heartbeat. The error's words name the one that is wrong,
// and why.
func Validate(list []string) error {
	if len(list) > MaxChecks {
		return fmt.Errorf("checks has %d entries; it may have %d", len(list), MaxChecks)
	}
	for i, text := range list {
		if _, err := Parse(text); err != nil {
			return fmt.Errorf("checks[%d] is %.*q: %w", i, MaxLen, text, err)
		}
		if slices.Contains(list[:i], text) {
			return fmt.Errorf("checks[%d] repeats %q; each check may be there once", i, text)
		}
	}
	return nil
}
