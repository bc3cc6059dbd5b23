package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// near returns a check that reads like one that was refused, and is right; "" if there is
// none.
func near(text string) string {
	name, rest := cutName(text)
	if strings.EqualFold(name, nameBody) || meantBy[strings.ToLower(name)] == nameBody && verb.MatchString(rest) {
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
	text = aName.ReplaceAllStringFunc(text, func(s string) string {
		if meant := meantBy[s]; words[meant] != "" {
			return meant
		}
		return s
	})
	if slices.Contains(aName.FindAllString(text, -1), Seconds) {
		text = spell.ReplaceAllStringFunc(text, inSeconds)
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
	{regexp.MustCompile(`\bexit[ -](status|code)\b`), nameExit},
	{regexp.MustCompile(`([a-z_])-([a-z_])`), "${1}_$2"},
}

// unit is a number with a unit of thousands.
var (
	unit  = regexp.MustCompile(`\b(\d+)\s*([kmg])(b|ib)?\b`)
	zeros = map[byte]string{'k': "000", 'm': "000000", 'g': "000000000"}
)

// aName is the name of a number, or a word.
var aName = regexp.MustCompile(`\b[a-z_][a-z0-9_.]*`)

// verb is what people say of a body.
var verb = regexp.MustCompile(`(?i)^(not |doesn['’]t |does not |must not )?(contains?|includes?|has|have|!?=~?)\b|^(!?=~?)`)

// spell is a time with its unit; of seconds alone, for m is a million elsewhere.
var spell = regexp.MustCompile(`(?i)\b(\d+)\s*(ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|hrs?|d|days?)\b`)

func inSeconds(text string) string {
	m := spell.FindStringSubmatch(text)
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return text
	}
	switch unit := strings.ToLower(m[2]); {
	case unit == "ms":
		n /= 1000
	case unit[0] == 'm':
		n *= 60
	case unit[0] == 'h':
		n *= 3600
	case unit[0] == 'd':
		n *= 86400
	}
	return Format(n)
}

// meantBy are names that people give to what has another one here. A job may send numbers of these names, too.
var meantBy = map[string]string{
	"exit": nameExit, "exitcode": nameExit, "exit_status": nameExit, "exitstatus": nameExit, "status": nameExit, "status_code": nameExit, "return_code": nameExit, "rc": nameExit,
	"duration": Seconds, "runtime": Seconds, "run_time": Seconds, "elapsed": Seconds, "took": Seconds, "time": Seconds, "secs": Seconds, "duration_seconds": Seconds, "duration_secs": Seconds,
	"output": nameBody, "stdout": nameBody, "stderr": nameBody, "log": nameBody, "text": nameBody, "message": nameBody,
}

var words = map[string]string{nameExit: "the exit status", Seconds: "how long a run took"}

// Mind says of a check whose number has a name that people give to something else what that is called; "": of
// other checks. Such a check is right if the job sends a number of this name.
func Mind(text string) string {
	c, err := Parse(text)
	if err != nil {
		return ""
	}
	return mind(c.name)
}

func mind(name string) string {
	meant := meantBy[name]
	if words[meant] == "" {
		return ""
	}
	return words[meant] + " is " + meant
}

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
