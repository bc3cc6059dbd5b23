package alerting

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/quorumbeat/quorumbeat/fsm"
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

// toll says what an incident came to.
func toll(e fsm.Evidence) string {
	var parts []string
	if e.Misses > 0 {
		parts = append(parts, plural(e.Misses, "miss", "misses"))
	}
	if e.Failures > 0 {
		parts = append(parts, plural(e.Failures, "failure", "failures"))
	}
	return strings.Join(parts, " and ")
}

// lateBy is how much later than it was sent a ping is worth a word.
const lateBy = 2 * time.Second

// failedAgain says how often a heartbeat failed that is told of once.
func failedAgain(e fsm.Evidence) string {
	if e.Flaps == 1 {
		return "failed again " + duration(e.Within) + " after the last failure that was told"
	}
	return fmt.Sprintf("failed %d more times within %s after the last failure that was told", e.Flaps, duration(e.Within))
}

// printable makes of a job's output what may stand in a mail: valid UTF-8 in lines,
// without what a terminal would take for an order.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n") // progress bars
	s = terminalOrder.ReplaceAllString(s, "")
	s = strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' || unicode.IsPrint(c) {
			return c
		}
		return -1
	}, s)
	return strings.Trim(s, "\n")
}

// terminalOrder is a colour or another order to a terminal.
var terminalOrder = regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]`)

// oneLine makes of a text what may stand in a header: no control characters.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '\u0085' || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
}
