package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// Group makes a command that has others below it, and only tells of them.
func Group(name, short string) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Args: usage.NoArguments, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
}

// Teller makes a command that prints a line, or the same for programs.
func (p *Program) Teller(name, short string, do func() (any, string)) *cobra.Command {
	asJSON := false
	c := &cobra.Command{Use: name, Short: short, Args: usage.NoArguments}
	JSONFlag(c.Flags(), &asJSON)
	c.RunE = func(*cobra.Command, []string) error {
		v, words := do()
		return p.Tell(asJSON, v, words)
	}
	return c
}

// Tell prints a line, or the same for programs.
func (p *Program) Tell(asJSON bool, v any, words string) error {
	if asJSON {
		return p.PrintJSON(v)
	}
	_, err := fmt.Fprintln(p.Stdout, words)
	return err
}

// Print prints JSON, or what show makes of v.
func (p *Program) Print(s *Connection, v any, show func(*term.Table, any)) error {
	if s.JSON {
		return p.PrintJSON(v)
	}
	w := &term.Table{Wide: s.Wide}
	show(w, v)
	return w.Write(p.Stdout, p.Columns())
}

// PrintJSON prints a value for programs.
func (p *Program) PrintJSON(v any) error {
	e := json.NewEncoder(p.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
