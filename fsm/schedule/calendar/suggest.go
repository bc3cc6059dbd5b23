package calendar

import (
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/expr"
)

// problem is an Error, and expressions near to the wrong one, nearest first. They may be wrong
// as well.
type problem struct {
	expr.Error
	near []string
}

// lastResort is suggested if nothing nearer works.
const lastResort = "*-*-* 02:00:00"

// fail notes a problem of a field, with texts to put in place of the value.
func (p *parser) fail(f field, value, reason string, instead ...string) {
	near := make([]string, len(instead))
	for i, text := range instead {
		near[i] = p.replaced(value, text)
	}
	p.note(f.name, value, reason, near)
}

// whole notes a problem of a whole word, with expressions that may be meant.
func (p *parser) whole(value, reason string, near ...string) {
	p.note("expression", value, reason, near)
}

func (p *parser) note(field, value, reason string, near []string) {
	if p.wrong != nil {
		return
	}
	p.wrong = &problem{near: append(near, lastResort)}
	p.wrong.Field, p.wrong.Value, p.wrong.Reason = field, value, reason
}

// replaced is the expression with another text in place of the last one that reads like the value: times stand
// behind dates, and it is times that are mistaken most.
func (p *parser) replaced(value, text string) string {
	i := strings.LastIndex(p.expression, value)
	if i < 0 || value == "" {
		return lastResort
	}
	return p.expression[:i] + text + p.expression[i+len(value):]
}

func without(expression, word string) string {
	return strings.Join(strings.Fields(strings.Replace(expression, word, "", 1)), " ")
}

func firstThatWorks(near []string) string {
	for _, expression := range near {
		if works(expression) {
			return expression
		}
	}
	return ""
}

// works reports whether Parse accepts an expression.
func works(expression string) bool {
	e, wrong := parse(expression)
	return wrong == nil && e.elapses()
}

// nearDay is the day whose name begins as the word does: tues, thurs.
func nearDay(name string) []string {
	for _, day := range expr.Days {
		if len(name) >= 2 && strings.EqualFold(name[:2], day[:2]) {
			return []string{day[:3]}
		}
	}
	return nil
}

// daysBetween lists the days of a range that goes on over Sunday.
func daysBetween(from, to int) string {
	var names []string
	for d := from; d != to+7+1; d++ {
		names = append(names, expr.Days[(d+1)%7][:3])
	}
	return strings.Join(names, ",")
}

// nearDates are what a word that is no date may have meant.
func nearDates(expression, text string) []string {
	return []string{
		strings.Replace(expression, " "+text, ","+text, 1),
		strings.Replace(expression, "T", " ", 1),
		strings.Replace(expression, "@", "", 1),
		strings.Replace(expression, text, "*-"+text, 1),
		strings.Replace(expression, text, "*-*-"+text, 1),
	}
}

// neverElapses is for a date that does not exist, or never on the weekdays given.
func neverElapses(expression string) *problem {
	p := parser{expression: expression}
	words := strings.Fields(expression)
	if onAnyDay := strings.Join(words[1:], " "); isLetter(words[0][0]) && works(onAnyDay) {
		p.note(weekdayField.name, words[0], "is on none of the dates given", []string{onAnyDay, everyYear(words)})
		return p.wrong
	}
	for _, word := range words {
		if _, _, day, _, ok := splitDate(word); ok && !strings.Contains(word, ":") {
			p.fail(dayField, day, "does not exist in the months and years given", "28", "1")
			p.wrong.near = append([]string{strings.Replace(expression, "-"+day, "~1", 1)}, p.wrong.near...)
			return p.wrong
		}
	}
	p.whole(expression, "never comes")
	return p.wrong
}

// Sooner are expressions near to one that comes too late or no more, nearest first: every year, on any weekday.
func Sooner(expression string) []string {
	words := strings.Fields(expression)
	anyDay := words
	if isLetter(words[0][0]) {
		anyDay = words[1:]
	}
	return []string{everyYear(words), strings.Join(anyDay, " "), everyYear(anyDay), lastResort}
}

// everyYear is an expression without the year of its date.
func everyYear(words []string) string {
	words = append([]string(nil), words...)
	for i, word := range words {
		if year, _, _, _, ok := splitDate(word); ok && !strings.Contains(word, ":") && strings.HasPrefix(word, year) {
			words[i] = "*" + strings.TrimPrefix(word, year)
		}
	}
	return strings.Join(words, " ")
}
