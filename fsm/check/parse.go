package check

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parse reads a check: NAME COMPARISON VALUE, where the value is a number, last, median, or
// a number times one of these; or body contains "TEXT", body doesn't contain "TEXT". The
// error says which part is wrong, and what would be right.
func Parse(text string) (Check, error) {
	c, err := parse(text)
	if err == nil {
		return c, nil
	}
	if len(text) > MaxLen {
		return Check{}, err
	}
	if hint := near(text); reads(hint) {
		return Check{}, fmt.Errorf("%w; did you mean %s?", err, hint)
	}
	return Check{}, err
}

func parse(text string) (Check, error) {
	switch {
	case len(text) > MaxLen:
		return Check{}, fmt.Errorf("it has %d bytes; a check may have %d", len(text), MaxLen)
	case !utf8.ValidString(text):
		return Check{}, errors.New("it is not valid UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return Check{}, errors.New("it has control characters or line breaks; write them in a body's text as \\n or \\t")
	}
	name, rest := cutName(text)
	switch {
	case name == "" && rest == "":
		return Check{}, errors.New(`it is empty; write one like "bytes > 0"`)
	case name == nameBody:
		return parseBody(rest)
	}
	return parseComparison(name, rest)
}

// cutName cuts off what stands before the first space or operator.
func cutName(text string) (name, rest string) {
	text = strings.TrimSpace(text)
	i := strings.IndexFunc(text, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("<>=!*", c) })
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimSpace(text[i:])
}

func parseComparison(name, rest string) (Check, error) {
	op := rest[:len(rest)-len(strings.TrimLeft(rest, "<>=!"))]
	value := strings.TrimSpace(rest[len(op):])
	switch {
	case !IsName(name):
		return Check{}, fmt.Errorf("%.60q is no name of a number: it must be 1 to %d characters of a-z, 0-9, _ and ., and begin with a letter or _", name, MaxName)
	case op == "":
		return Check{}, fmt.Errorf("behind %s there is no comparison: it must be one of %s", name, strings.Join(operators, " "))
	case op == "=":
		op = "=="
	case !slices.Contains(operators, op):
		return Check{}, fmt.Errorf("%q is no comparison: it must be one of %s", op, strings.Join(operators, " "))
	}
	c := Check{name: name, op: op}
	return c, c.parseOperand(value)
}

// parseOperand reads a number, last, median, or a number times one of these, in either
// order.
func (c *Check) parseOperand(value string) error {
	a, b, product := strings.Cut(value, "*")
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if !product {
		b = "1"
	}
	if !c.setWord(a) {
		if !product {
			return c.setConstant(value)
		}
		if a, b = b, a; !c.setWord(a) {
			return fmt.Errorf("%.60q: a number may be multiplied by last or by median", value)
		}
	}
	v, ok := parseValue(b)
	if !ok {
		return fmt.Errorf("%.60q is no number to multiply %s by", b, a)
	}
	c.factor = v
	return nil
}

func (c *Check) setWord(word string) bool {
	switch word {
	case wordLast:
		c.against = last
	case wordMedian:
		c.against = median
	default:
		return false
	}
	return true
}

func (c *Check) setConstant(value string) error {
	v, ok := parseValue(value)
	switch {
	case value == "":
		return fmt.Errorf("behind %s there is no value: it must be a number, last, median, or a number times one of these", c.op)
	case !ok:
		return fmt.Errorf("%.60q is no value: it must be a number, last, median, or a number times one of these", value)
	}
	c.factor = v
	return nil
}

// parseBody reads what stands behind "body".
func parseBody(rest string) (Check, error) {
	c := Check{name: nameBody, against: contains}
	switch {
	case cutWord(&rest, "contains"):
	case cutWord(&rest, "doesn't contain"), cutWord(&rest, "does not contain"), cutWord(&rest, "doesn’t contain"):
		c.against = lacks
	default:
		return Check{}, fmt.Errorf("body %.40q: a body contains or doesn't contain a text", rest)
	}
	text, err := strconv.Unquote(rest)
	switch {
	case err != nil || rest[0] != '"':
		return Check{}, fmt.Errorf("%.60q: the text must stand in double quotes", rest)
	case text == "":
		return Check{}, errors.New(`the text is empty; write one like body contains "done"`)
	case !utf8.ValidString(text):
		return Check{}, errors.New("the text is not valid UTF-8")
	}
	c.text = text
	return c, nil
}

// cutWord takes a word and the spaces behind it off the text.
func cutWord(text *string, word string) bool {
	rest, ok := strings.CutPrefix(*text, word)
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '"' {
		return false
	}
	*text = strings.TrimSpace(rest)
	return true
}
