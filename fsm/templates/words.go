package templates

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

const hint = "use text, fields, if, and the functions "

var (
	notAllowed = regexp.MustCompile(`\{\{-?\s*(range|with|define|block|template|break|continue)\b`)
	place      = regexp.MustCompile(`^template: (?:template:)?(\d+): (.*)$`)
	failedAt   = regexp.MustCompile(`(?s)^template: template:(\d+):\d+: executing "template" at <(.*)>: (?:error calling \w+: )?(.*)$`)
	noFunction = regexp.MustCompile(`^function "(.*)" not defined$`)
	noAction   = regexp.MustCompile(`^unexpected (\{\{\w+\}\})`)
)

// explainParsing says what is wrong with a source that cannot be parsed, and what to do.
func explainParsing(source string, err error) error {
	if x := notAllowed.FindStringSubmatch(source); x != nil {
		return fmt.Errorf("{{%s}} is not allowed: %s%s", x[1], hint, list(allowed))
	}
	line, what := "1", strings.TrimPrefix(err.Error(), "template: ")
	if x := place.FindStringSubmatch(err.Error()); x != nil {
		line, what = x[1], x[2]
	}
	switch {
	case what == "unexpected EOF":
		what = "an {{if}} is not closed: write {{end}} where it ends"
	case what == "unclosed action":
		what = `a "{{" is not closed: write "}}" after the field`
	case strings.HasPrefix(what, "missing value"):
		what += ": name a field, as in {{.Name}}"
	case strings.HasPrefix(what, "undefined variable"):
		what = "it has variables, which are not allowed"
	case noAction.MatchString(what):
		what = fmt.Sprintf("a %s without an {{if}} before it", noAction.FindStringSubmatch(what)[1])
	case noFunction.MatchString(what):
		name := noFunction.FindStringSubmatch(what)[1]
		what = fmt.Sprintf("there is no function %s: there are %s; a field has a dot before its name, as in {{.Name}}", name, list(allowed))
	default:
		what += "; a field is written {{.Name}}, a condition {{if .Owner}}…{{end}}"
	}
	return fmt.Errorf("line %s: %s", line, what)
}

// explainFailing says where a template failed as it was filled in, and why.
func explainFailing(err error) error {
	x := failedAt.FindStringSubmatch(err.Error())
	if x == nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "template: "))
	}
	return fmt.Errorf("line %s, {{%s}}: %s; .Count is a number, all other fields are text", x[1], x[2], x[3])
}

// SaysNothing reports whether a text has nothing in it that can be seen.
func SaysNothing(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsSpace(c) })
}
