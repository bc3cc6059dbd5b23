package message

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// formatDuration writes a length of time in at most two units, without fractions.
func formatDuration(d time.Duration) string {
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

func formatSeconds(n int64) string { return formatDuration(time.Duration(n) * time.Second) }

// formatTime writes a time with its day of the week and its zone.
func formatTime(t time.Time) string { return t.Format("Mon 2 Jan 2006 15:04:05 MST") }

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// countFailures counts the misses and failures of an incident, in words.
func countFailures(e fsm.Evidence) string {
	var parts []string
	if e.Misses > 0 {
		parts = append(parts, plural(e.Misses, "miss", "misses"))
	}
	if e.Failures > 0 {
		parts = append(parts, plural(e.Failures, "failure", "failures"))
	}
	return strings.Join(parts, " and ")
}

// lateAfter is the delay from which a ping's late arrival is mentioned.
const lateAfter = 2 * time.Second

// flapText says how often a heartbeat failed again within its flap window.
func flapText(e fsm.Evidence) string {
	if e.Flaps == 1 {
		return "failed again within " + formatDuration(e.Within)
	}
	return fmt.Sprintf("failed %d more times within %s", e.Flaps, formatDuration(e.Within))
}

// cleanOutput turns a job's output into valid UTF-8 lines without terminal escape
// sequences or control characters.
func cleanOutput(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n") // progress bars
	s = escapeSequence.ReplaceAllString(s, "")
	s = strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' || unicode.IsPrint(c) {
			return c
		}
		return -1
	}, s)
	return strings.Trim(s, "\n")
}

// escapeSequence matches colours and other commands for a terminal.
var escapeSequence = regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]`)

// OneLine replaces the control characters of a text, so that it can stand in a header.
func OneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '\u0085' || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
}
