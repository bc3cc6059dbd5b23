package call

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

var (
	// fieldFirst is how the API's words about a field begin: with its name, and which of several it is.
	fieldFirst = regexp.MustCompile(`^([a-z]+(?:_[a-z]+)*)(\[\d+\])?( |:)`)
	otherField = regexp.MustCompile(`\b[a-z]+(?:_[a-z]+)+\b`)
	anAmount   = regexp.MustCompile(`\b(is|be|to) (\d+)\b`)
)

// sayFlags has an error of the API that is about a field name the flag that people gave.
func sayFlags(f *pflag.FlagSet, err error) {
	var api *heartbeat.APIError
	if !errors.As(err, &api) {
		return
	}
	m := fieldFirst.FindStringSubmatch(api.Message)
	if m == nil {
		return
	}
	name := flagOf(m[1])
	rest := strings.TrimPrefix(api.Message, m[0])
	if isSetting := f.Lookup(name) == nil || name == "url"; isSetting && f.Lookup("set") != nil && strings.HasPrefix(rest, "is missing") {
		api.Message = "--set " + m[1] + "=... " + rest
		return
	}
	for _, flag := range []string{name, strings.TrimSuffix(name, "s")} {
		if x := f.Lookup(flag); x != nil && x.Changed && flag != "url" { // --url is where the API is; a channel's url is given by --set
			if strings.HasSuffix(m[1], secondsSuffix) {
				rest = anAmount.ReplaceAllStringFunc(rest, sayLength)
			}
			api.Message = "--" + flag + m[2] + m[3] + otherField.ReplaceAllStringFunc(rest, func(field string) string {
				if f.Lookup(flagOf(field)) == nil {
					return field
				}
				return "--" + flagOf(field)
			})
			return
		}
	}
}

// secondsSuffix ends the names of fields that are given in seconds: their flags take lengths like 5m.
const secondsSuffix = "_secs"

func flagOf(field string) string {
	return strings.ReplaceAll(strings.TrimSuffix(field, secondsSuffix), "_", "-")
}

// sayLength writes an amount of seconds as people give it: "be 10" becomes "be 10s".
func sayLength(amount string) string {
	word, number, _ := strings.Cut(amount, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return amount
	}
	return word + " " + term.Seconds(n)
}
