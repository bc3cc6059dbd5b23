package compat

import (
	"math"
	"strconv"
	"strings"
)

// Meaning is what a word says about a run.
type Meaning uint8

const (
	Unknown Meaning = iota // the word is not known
	Good
	Started
	Failed
)

// words are what clients and scripts send to say how a run went: the states of
// Cronitor, Sentry, Uptime Kuma and Gatus, the results of systemd ($SERVICE_RESULT),
// Nagios and CI systems, and what people write by hand.
var words = map[string]Meaning{}

func init() {
	for meaning, list := range map[Meaning]string{
		Good: `ok okay success successful succeeded succeed pass passed passing good up complete completed done finish finished end ended
			healthy true yes tick fine clean green online alive normal`,
		Started: `run running start started starting begin began in_progress`,
		Failed: `fail failed failing failure failures fails error errored errors err down critical crit fatal emerg emergency bad ko nok
			notok unhealthy unsuccessful unsuccessfully abort aborted abnormal alarm alert alerting crash crashed panic panicked broken killed kill
			timeout timedout missed missing exception offline red dead died false no nonzero interrupted cancelled canceled
			unreachable incomplete corrupt invalid
			exitcode signal coredump dumped watchdog oomkill oom resources protocol startlimithit`,
	} {
		for _, word := range strings.Fields(list) {
			words[fold(word)] = meaning
		}
	}
}

// fold makes one spelling of those that a word has: FAIL, Fail, not_ok and "Not OK".
func fold(word string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case ' ', '\t', '\r', '\n', '_', '-', '.', '!', '"', '\'':
			return -1
		}
		return c
	}, strings.ToLower(word))
}

// Word reads a word, in any case. A number is an exit status: 0 is good, any other
// has failed, a negative one and one with a fraction too.
func Word(text string) Meaning {
	if n, ok := number(text); ok {
		if n == 0 {
			return Good
		}
		return Failed
	}
	return words[fold(text)]
}

// number reads a decimal or hexadecimal number; words that Go takes for numbers are
// none.
func number(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if !strings.ContainsAny(text, "0123456789") {
		return 0, false
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(n), true
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, (err == nil || math.IsInf(n, 0)) && !math.IsNaN(n)
}

// exitStatus returns a number as an exit status, NoExit if it cannot be one.
func exitStatus(text string) int {
	n, ok := number(text)
	if !ok || n < 0 || n > maxExit || n != math.Trunc(n) {
		return NoExit
	}
	return int(n)
}
