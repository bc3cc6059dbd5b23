package cron

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// field is one of the five.
type field struct {
	index     int
	name      string
	low, high int
	names     []string // of low, low+1, …
	example   string   // what is suggested if nothing nearer is found
}

var (
	minuteField  = field{index: 0, name: "minute", high: 59, example: "0"}
	hourField    = field{index: 1, name: "hour", high: 23, example: "2"}
	dayField     = field{index: 2, name: "day of month", low: 1, high: 31, example: "1"}
	monthField   = field{index: 3, name: "month", low: 1, high: 12, names: strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec"), example: "*"}
	weekdayField = field{index: 4, name: "day of week", high: 7, names: strings.Fields("sun mon tue wed thu fri sat"), example: "*"}
)

// nicknames are the words of cron and the fields that they stand for.
var nicknames = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

func parseNickname(words []string) (*Expression, *problem) {
	name := strings.ToLower(words[0])
	meaning, ok := nicknames[name]
	switch {
	case name == "@reboot":
		return nil, wholly("is not a time: nobody can expect a job that runs when a machine starts. Watch what it does regularly", "@daily")
	case name == "@every":
		return nil, wholly("is an interval, not a time of the clock. Give interval_secs instead", "@hourly")
	case !ok:
		return nil, wholly("is none of "+strings.Join(nicknameList, ", "), nearestNickname(name))
	case len(words) > 1:
		return nil, wholly("has words after "+name+". Leave the command away", name)
	}
	return parseFields(strings.Fields(meaning))
}

var nicknameList = []string{"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"}

func nearestNickname(name string) string {
	for _, n := range nicknameList {
		if len(name) > 1 && strings.HasPrefix(n, name[:2]) {
			return n
		}
	}
	return "@daily"
}

func parseFields(words []string) (*Expression, *problem) {
	p := parser{words: words}
	e := &Expression{
		minutes: p.set(minuteField),
		hours:   uint32(p.set(hourField)),
		days:    p.daysOfMonth(),
		months:  uint16(p.set(monthField)),
	}
	e.weekdays = p.daysOfWeek()
	e.fixed = !strings.HasPrefix(words[0], "*") && !strings.HasPrefix(words[1], "*")
	e.bothDay = isStar(words[2]) || isStar(words[4])
	return e, p.wrong
}

// isStar reports whether a field of days leaves the choice to the other one.
func isStar(word string) bool { return word[0] == '*' || word[0] == '?' }

// parser reads fields until the first problem; after it, it reads on without meaning.
type parser struct {
	words []string
	wrong *problem
}

// fail notes a problem of a field, with items to put in its place.
func (p *parser) fail(f field, value, reason string, instead ...string) {
	if p.wrong != nil {
		return
	}
	p.wrong = &problem{}
	p.wrong.Field, p.wrong.Value, p.wrong.Reason = f.name, value, reason
	for _, item := range instead {
		p.wrong.near = append(p.wrong.near, p.with(f, strings.ReplaceAll(p.words[f.index], value, item)))
	}
	p.wrong.near = append(p.wrong.near, p.with(f, f.example))
}

// with is the expression with one field changed.
func (p *parser) with(f field, word string) string {
	words := append([]string(nil), p.words...)
	words[f.index] = word
	return strings.Join(words, " ")
}

// set reads a field that is a plain list.
func (p *parser) set(f field) uint64 {
	var bits uint64
	for _, item := range p.items(f) {
		bits |= p.item(f, item)
	}
	return bits
}

// items are the parts of a list.
func (p *parser) items(f field) []string {
	items := strings.Split(p.words[f.index], ",")
	for _, item := range items {
		if item == "" {
			word := p.words[f.index]
			p.fail(f, word, "has a comma with nothing beside it", joinFilled(items))
			return nil
		}
	}
	return items
}

func joinFilled(items []string) string {
	var filled []string
	for _, item := range items {
		if item != "" {
			filled = append(filled, item)
		}
	}
	return strings.Join(filled, ",")
}

// item reads a star, number or range, with or without a step.
func (p *parser) item(f field, item string) uint64 {
	span, step, hasStep := strings.Cut(item, "/")
	low, high, ok := p.span(f, item, span, hasStep)
	if !ok {
		return 0
	}
	by := 1
	if hasStep {
		if by, ok = p.step(f, item, span, step); !ok {
			return 0
		}
	}
	var bits uint64
	for n := low; n <= high; n += by {
		bits |= 1 << n
	}
	return bits
}

func (p *parser) step(f field, item, span, step string) (int, bool) {
	n, ok := expr.Number(step)
	switch {
	case !ok:
		p.fail(f, item, "has a step that is no number", span+"/2")
	case n == 0:
		p.fail(f, item, "has a step of 0", span)
	default:
		return n, true
	}
	return 0, false
}

// span reads what stands before a step.
func (p *parser) span(f field, item, span string, hasStep bool) (low, high int, ok bool) {
	if span == "*" {
		return f.low, f.high, true
	}
	first, last, isRange := strings.Cut(span, "-")
	if low, ok = p.value(f, item, first); !ok {
		return 0, 0, false
	}
	if !isRange {
		if hasStep {
			return low, f.top(), true
		}
		return low, low, true
	}
	if high, ok = p.value(f, item, last); !ok {
		return 0, 0, false
	}
	if high < low {
		p.fail(f, item, "begins after it ends", f.wrapped(low, high))
		return 0, 0, false
	}
	return low, high, true
}

// top is the last value of a field that an open step reaches: 7 is Sunday once more.
func (f field) top() int {
	if f.index == weekdayField.index {
		return 6
	}
	return f.high
}

// wrapped is a range over the end of the field, as two.
func (f field) wrapped(low, high int) string {
	return asRange(low, f.top()) + "," + asRange(f.low, high)
}

func asRange(low, high int) string {
	if low >= high {
		return strconv.Itoa(low)
	}
	return fmt.Sprintf("%d-%d", low, high)
}

// value reads a number or a name within the limits of the field.
func (p *parser) value(f field, item, text string) (int, bool) {
	for i, name := range f.names {
		if strings.EqualFold(name, text) {
			return f.low + i, true
		}
	}
	n, ok := expr.Number(text)
	switch {
	case !ok:
		p.notANumber(f, item, text)
	case n < f.low:
		p.fail(f, text, fmt.Sprintf("is less than %d", f.low), strconv.Itoa(f.low))
	case n > f.high:
		p.fail(f, text, fmt.Sprintf("is more than %d", f.high), f.tooMuch(n))
	default:
		return n, true
	}
	return 0, false
}

// tooMuch is what a number above the limit may have meant: 24:00 is 0:00.
func (f field) tooMuch(n int) string {
	if n == f.high+1 && f.low == 0 && f.index != weekdayField.index {
		return "0"
	}
	return strconv.Itoa(f.high)
}

func (p *parser) notANumber(f field, item, text string) {
	switch {
	case text == "":
		p.fail(f, item, "has no number on one side")
	case strings.Contains(text, "*") || strings.Contains(text, "?"):
		p.fail(f, item, "has a star beside something else: only a step may follow a star")
	case strings.EqualFold(text, "h") || len(text) > 1 && strings.EqualFold(text[:2], "h("):
		p.fail(f, item, "is Jenkins' way to spread jobs, and known to nobody else. Write when the job runs")
	case strings.Contains(text, "~"):
		p.fail(f, item, "is a time by chance, which nobody can expect. Write when the job runs, or give interval_secs")
	default:
		p.fail(f, text, f.words(), f.nearNames(text)...)
	}
}

// words say what the field takes.
func (f field) words() string {
	s := fmt.Sprintf("is no number from %d to %d", f.low, f.high)
	if f.names != nil {
		s += fmt.Sprintf(", nor a name (%s to %s)", f.names[0], f.names[len(f.names)-1])
	}
	return s
}

// nearNames are the names that a longer word begins with: monday, sept.
func (f field) nearNames(text string) []string {
	for _, name := range f.names {
		if len(text) >= 3 && strings.EqualFold(text[:3], name) {
			return []string{name}
		}
	}
	return nil
}
