package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
)

// TestWhatIsPrintedForProgramsIsJSON: all that a command that asks a node prints with --json is JSON, and
// there is some, whatever it did.
func TestWhatIsPrintedForProgramsIsJSON(t *testing.T) {
	a, tried := newFakeAPI(t), 0
	things := map[string]string{
		"NAME": "nightly-backup", "HEARTBEAT": "nightly-backup", "ALERT": alertIDOf(1), "INCIDENT": fakeIncidents()[1].ID, "KEY": keyID(1), "NODE": "mon3",
		"CHANNEL": "duty", "WINDOW": "move", "BADGE": "prod", "SLUG": "our-page",
	}
	clientCommands(func(c *cobra.Command) {
		if c.Name() == "backup" {
			return // it wants a real one
		}
		tried++
		want := cli.ExitDone
		if c.Name() == "events" || c.CommandPath() == "quorumbeat channels test" {
			want = cli.ExitFailed // the key is revoked in the end; the test is not accepted
		}
		line := append(lineOf(t, c, things), "--json")
		code, out, stderr := a.ask(t, nil, line...)
		if n, err := countJSON(out); code != want || n == 0 || err != nil {
			t.Errorf("%q: %d, %d values, %v\n%s%s", line, code, n, err, out, stderr)
		}
	})
	if tried < 50 {
		t.Errorf("only %d commands were tried", tried)
	}
}

// countJSON is how many values of JSON a text is.
func countJSON(text string) (n int, err error) {
	for d := json.NewDecoder(strings.NewReader(text)); ; n++ {
		var v any
		if err = d.Decode(&v); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}
