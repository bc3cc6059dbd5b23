package call

import (
	"testing"

	"github.com/spf13/pflag"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func TestErrorsNameTheFlagThatWasGiven(t *testing.T) {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, name := range []string{"remind-every", "check", "notify", "after", "url", "name", "min-run", "max-run", "set"} {
		f.String(name, "", "")
		if name != "name" {
			_ = f.Set(name, "x")
		}
	}
	for words, want := range map[string]string{
		"remind_every_secs is 5; it must be 10 to 2592000": "--remind-every is 5s; it must be 10s to 30d",
		"checks[0] is not a check":                         "--check[0] is not a check",
		"notify[1]: no":                                    "--notify[1]: no",
		"after_secs is -1":                                 "--after is -1",
		"min_run_secs is 90 and max_run_secs is 60":        "--min-run is 1m30s and --max-run is 1m",
		"after_secs is 5; other_secs is 7 for 3 jobs":      "--after is 5s; other_secs is 7s for 3 jobs",
		"url is missing: where it is":                      "--set url=... is missing: where it is", // a channel's, not --url
		"name is empty":                                    "name is empty",                         // which came as an argument
		"there is no channel":                              "there is no channel",
		"the body is too large":                            "the body is too large",
	} {
		err := &heartbeat.APIError{StatusCode: 400, Message: words}
		if sayFlags(f, err); err.Message != want {
			t.Errorf("%q became %q, want %q", words, err.Message, want)
		}
	}
}
