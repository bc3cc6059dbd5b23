package length

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// longUnits are those that time.ParseDuration does not know.
var longUnits = regexp.MustCompile(`^(?:(\d+)w)?(?:(\d+)d)?`)

// Parse reads a length of time as people write it: 90, 90s, 1h30m, 1d12h, 2w. A
// bare number is seconds.
func Parse(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a length of time: use seconds, or units like 90s, 1h30m, 1d, 2w", text)
	if text == "" {
		return 0, errors.New("no length of time is given: use seconds, or units like 90s, 1h30m, 1d, 2w")
	}
	if strings.HasPrefix(text, "-") {
		return 0, fmt.Errorf("%q is negative: a length of time is not", text)
	}
	m := longUnits.FindStringSubmatch(text)
	rest := text[len(m[0]):]
	if m[0] == "" && strings.Trim(rest, "0123456789") == "" {
		rest += "s"
	}
	total := time.Duration(0)
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return 0, wrong
		}
		total = d
	}
	for i, unit := range []time.Duration{week, day} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(m[i+1], 10, 64)
		if err != nil || n > int64((math.MaxInt64-total)/unit) {
			return 0, wrong
		}
		total += time.Duration(n) * unit
	}
	return total, nil
}

// Show is how people write a length of time.
func Show(d time.Duration) string {
	switch {
	case d == 0:
		return "0s"
	case d%week == 0:
		return fmt.Sprintf("%dw", d/week)
	}
	text := ""
	if d >= day {
		text, d = fmt.Sprintf("%dd", d/day), d%day
	}
	if d == 0 {
		return text
	}
	rest := d.String()
	if strings.HasSuffix(rest, "m0s") {
		rest = strings.TrimSuffix(rest, "0s")
	}
	if strings.HasSuffix(rest, "h0m") {
		rest = strings.TrimSuffix(rest, "0m")
	}
	return text + rest
}
