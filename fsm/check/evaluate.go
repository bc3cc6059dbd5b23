package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Run is a run that ended well, as far as the job tells.
type Run struct {
	Numbers  []Number
	Seconds  float64 // how long it took; negative: not known
	Exit     int     // negative: none was told
	Body     []byte
	BodyLost bool // there was a body, and it is not known
}

// Past returns the earlier values of a number, the newest last, of good runs.
type Past func(name string) []float64

// Broken tells which of the checks a run breaks, as a sentence without its subject: "completed
// but wrote 0 bytes; expected bytes > 0". It is "" if the run breaks none. Checks that cannot be
// read break nothing.
func Broken(checks []string, r *Run, past Past) string {
	first, more := "", 0
	for _, text := range checks {
		c, err := Parse(text)
		if err != nil {
			continue
		}
		switch s := c.broken(r, past); {
		case s == "":
		case first == "":
			first = s
		default:
			more++
		}
	}
	switch more {
	case 0:
		return first
	case 1:
		return first + " (and one more check is broken)"
	}
	return fmt.Sprintf("%s (and %d more checks are broken)", first, more)
}

// broken returns the sentence for a run that breaks the check, else "".
func (c Check) broken(r *Run, past Past) string {
	if c.name == nameBody {
		return c.brokenBody(r)
	}
	value, told := r.value(c.name)
	switch {
	case !told && (c.name == Seconds || c.name == nameExit):
		return ""
	case !told:
		sentence := "completed but sent no " + c.name + "; expected " + c.String()
		if hint := mind(c.name); hint != "" {
			sentence += " (" + hint + ")"
		}
		return sentence
	}
	limit, known := c.limit(past)
	if !known || holds(value, c.op, limit) {
		return ""
	}
	sentence := "completed but " + saying(c.name, value) + "; expected " + c.String()
	if c.against != constant {
		sentence += ", which is " + Format(limit)
	}
	return sentence
}

// value returns what the run has of a name. A job may send its own seconds and exit_code.
func (r *Run) value(name string) (v float64, told bool) {
	switch {
	case name == Seconds && r.Seconds >= 0:
		return r.Seconds, true
	case name == nameExit && r.Exit >= 0:
		return float64(r.Exit), true
	}
	for _, n := range r.Numbers {
		if n.Name == name {
			return n.Value, true
		}
	}
	return 0, false
}

// limit returns what a value is compared with, if that is known.
func (c Check) limit(past Past) (limit float64, known bool) {
	if c.against == constant {
		return c.factor, true
	}
	values := past(c.name)
	if len(values) == 0 {
		return 0, false
	}
	base := values[len(values)-1]
	if c.against == median {
		base = medianOf(values)
	}
	return c.factor * base, true
}

// medianOf returns the median of the newest values. It cannot overflow, and each step is rounded, so
// that no processor joins two.
func medianOf(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values[max(0, len(values)-Kept):]))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return float64(sorted[n/2-1]/2) + float64(sorted[n/2]/2)
}

func holds(v float64, op string, limit float64) bool {
	switch op {
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "<":
		return v < limit
	case "<=":
		return v <= limit
	case "==":
		return v == limit
	}
	return v != limit
}

// saying tells a value in words.
func saying(name string, v float64) string {
	what := Format(v)
	switch {
	case name == Seconds:
		return "took " + what + " s"
	case name == nameExit:
		return "ended with the exit code " + what
	case name == "bytes" || strings.HasSuffix(name, "_bytes"):
		return "wrote " + what + " " + name
	}
	return "its " + name + " was " + what
}

func (c Check) brokenBody(r *Run) string {
	found := strings.Contains(string(r.Body), c.text)
	switch {
	case r.BodyLost || found == (c.against == contains):
		return ""
	case found:
		return "completed but its output contains " + strconv.Quote(c.text) + "; expected that it doesn't"
	}
	return "completed but its output doesn't contain " + strconv.Quote(c.text)
}
