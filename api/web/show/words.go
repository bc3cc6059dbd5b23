package show

import (
	"cmp"
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

func foldRune(r rune) rune { return unicode.ToLower(r) }

// Span writes a duration with its two largest units, as a person says it: "3 h 20 min".
func Span(d time.Duration) string {
	d = d.Abs()
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		n := d / u.size
		if n == 0 {
			continue
		}
		text := fmt.Sprintf("%d %s", n, u.name)
		if i+1 < len(units) && n < 100 {
			if rest := (d - n*u.size) / units[i+1].size; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}

// Took writes how long a run took.
func Took(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return Span(d)
}

// Seconds writes an interval that was set in seconds.
func Seconds(n int64) string { return Span(time.Duration(n) * time.Second) }

// Exact writes a moment to the second, in UTC.
func Exact(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Relative tells a moment from now: "3 min ago", "in 20 s".
func Relative(t, now time.Time) string {
	switch d := t.Sub(now); {
	case d > -time.Second && d < time.Second:
		return "just now"
	case d < 0:
		return Span(d) + " ago"
	default:
		return "in " + Span(d)
	}
}

// Moment is a time element: relative for the eye, exact on hover and for screen readers.
func Moment(t, now time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="none">never</span>`
	}
	stamp := t.UTC().Format(fsm.TimeLayout)
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s<span class="sr"> (%s)</span></time>`,
		stamp, Exact(t), Relative(t, now), Exact(t)))
}

// Lasting is how long something has gone on, which goes on with the page: "3 min".
func Lasting(since, now time.Time) template.HTML {
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="since %s" class="lasting">%s<span class="sr"> (since %s)</span></time>`,
		since.UTC().Format(fsm.TimeLayout), Exact(since), Span(now.Sub(since)), Exact(since)))
}

// Instant is a moment in full: in a zone, in the reader's own where the page's script adds
// it, and relative.
func Instant(t, now time.Time, zone *time.Location) template.HTML {
	if t.IsZero() {
		return Moment(t, now)
	}
	return template.HTML(template.HTMLEscapeString(t.In(zone).Format("Mon 2 Jan 15:04:05 MST"))) + `<span class="local"></span>, ` + Moment(t, now)
}

// Expected tells when a heartbeat is expected, in words for the middle of a sentence.
func Expected(s fsm.Spec) string {
	if len(s.Schedule) == 0 {
		return "every " + Seconds(s.Interval)
	}
	words := strings.Join(s.Schedule, ", ")
	if read, err := schedule.Parse(s.Schedule); err == nil {
		words = strings.ToLower(read.Describe()[:1]) + read.Describe()[1:] + ": " + words
	}
	return words + ", " + cmp.Or(s.TZ, "UTC")
}

// Plural writes a count with its noun.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Sentence puts a full stop behind words and a capital before them.
func Sentence(words string) string {
	if words == "" {
		return ""
	}
	r := []rune(words)
	r[0] = unicode.ToUpper(r[0])
	return strings.TrimSuffix(string(r), ".") + "."
}
