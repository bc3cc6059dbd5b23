package check

import (
	"regexp"
	"strings"
)

// near returns a check that reads like one that was refused, and is right; "" if there is
// none.
func near(text string) string {
	if name, rest := cutName(text); strings.EqualFold(name, nameBody) {
		return nearBody(rest)
	}
	text = strings.ToLower(strings.TrimSpace(text))
	for _, word := range []string{" and ", " && ", ",", ";"} { // several at once
		if first, _, found := strings.Cut(text, word); found {
			text = strings.TrimSpace(first)
		}
	}
	for _, x := range slips {
		text = x.from.ReplaceAllString(text, x.to)
	}
	text = unit.ReplaceAllStringFunc(text, func(s string) string {
		m := unit.FindStringSubmatch(s)
		return m[1] + zeros[m[2][0]]
	})
	if m := turned.FindStringSubmatch(text); m != nil {
		text = m[3] + " " + turnedOps[m[2]] + " " + m[1]
	}
	return text
}

// slips are what people write instead of what a check says.
var slips = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`=>`), ">="},
	{regexp.MustCompile(`=<`), "<="},
	{regexp.MustCompile(`===?`), "=="},
	{regexp.MustCompile(`<>|!==?|≠`), "!="},
	{regexp.MustCompile(`≥|\bat least\b`), ">="},
	{regexp.MustCompile(`≤|\bat most\b`), "<="},
	{regexp.MustCompile(`\b(is )?(greater|more|bigger|larger) than\b`), ">"},
	{regexp.MustCompile(`\b(is )?(less|smaller|fewer) than\b`), "<"},
	{regexp.MustCompile(`\b(is|equals)\b`), "=="},
	{regexp.MustCompile(`(\d)\s*%\s*(of|\*)?\s*`), "${1}e-2 * "},
	{regexp.MustCompile(`\b(previous|prev|before)\b`), wordLast},
	{regexp.MustCompile(`\b(average|avg|mean)\b`), wordMedian},
	{regexp.MustCompile(`([\d.])\s*[x×]?\s*\b(last|median)\b`), "$1 * $2"},
	{regexp.MustCompile(`\b(duration|runtime)\b`), Seconds},
	{regexp.MustCompile(`\b(exit status|exit code|exit_status|exit|exitcode)\b`), nameExit},
	{regexp.MustCompile(`([a-z_])-([a-z_])`), "${1}_$2"},
}

// unit is a number with a unit of thousands.
var (
	unit  = regexp.MustCompile(`\b(\d+)\s*([kmg])(b|ib)?\b`)
	zeros = map[byte]string{'k': "000", 'm': "000000", 'g': "000000000"}
)

// turned is a comparison that begins with its number.
var (
	turned    = regexp.MustCompile(`^(-?[\d.]+)\s*(<=|>=|<|>|==|!=)\s*([a-z_][a-z0-9_.]*)$`)
	turnedOps = map[string]string{"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "==", "!=": "!="}
)

// nearBody is near for what stands behind "body".
func nearBody(rest string) string {
	c := Check{name: nameBody, against: contains}
	verb, text, quoted := strings.Cut(rest, `"`)
	if !quoted {
		verb, text, _ = strings.Cut(rest+" ", " ")
	}
	if strings.Contains(verb, "n't") || strings.Contains(verb, "not") || strings.Contains(verb, "!") {
		c.against = lacks
	}
	c.text = strings.Trim(text, `'"“” `)
	return c.String()
}

// reads reports whether a check is right.
func reads(text string) bool {
	_, err := parse(text)
	return err == nil
}
