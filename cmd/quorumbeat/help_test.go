package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
)

// unbreakable are words that have no place for a break.
var unbreakable = regexp.MustCompile(`https?://\S+|smtp://\S+`)

// TestHelpFitsATerminal holds the help of every command against 80 columns.
func TestHelpFitsATerminal(t *testing.T) {
	p, _, _ := newTestProgram(nil)
	everyCommand(p.root(), func(c *cobra.Command) {
		if c.Hidden || strings.Contains(c.CommandPath(), " completion ") { // that one's is cobra's, with commands to copy
			return
		}
		p, stdout, _ := newTestProgram(map[string]string{"COLUMNS": "80"})
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		if code := p.run(t.Context(), args); code != cli.ExitDone {
			t.Errorf("%v: %d", args, code)
		}
		for line := range strings.Lines(stdout.String()) {
			if n := term.Width(strings.TrimSuffix(line, "\n")); n > 80 && !unbreakable.MatchString(line) {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
			}
		}
	})
}

func TestHelpIsAsItWas(t *testing.T) {
	all := ""
	for _, line := range []string{"--help", "create --help", "ping --help", "pings --help", "keys --help", "cluster --help"} {
		p, stdout, _ := newTestProgram(map[string]string{"COLUMNS": "80"})
		p.run(t.Context(), strings.Fields(line))
		all += "$ quorumbeat " + line + "\n" + stdout.String() + "\n"
	}
	golden(t, "help.txt", all)
}
