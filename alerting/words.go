package alerting

import (
	"fmt"
	"strings"
	"time"
)

// duration says a length of time as a person would: at most two units, no
// fractions.
func duration(d time.Duration) string {
	d = d.Round(time.Second)
	if d < time.Second {
		return "0 s"
	}
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	var parts []string
	for i, u := range units {
		if n := d / u.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.size
			if i+1 < len(units) && d >= units[i+1].size {
				parts = append(parts, fmt.Sprintf("%d %s", d/units[i+1].size, units[i+1].name))
			}
			break
		}
	}
	return strings.Join(parts, " ")
}

func seconds(n int64) string { return duration(time.Duration(n) * time.Second) }

// moment says a time with its day and zone.
func moment(t time.Time) string { return t.UTC().Format("Mon 2 Jan 2006 15:04:05 UTC") }

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// oneLine makes of a text what may stand in a header: no control characters.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '\u0085' || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
}
