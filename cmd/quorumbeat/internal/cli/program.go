package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// Program are what one run of the program has around it, as data.
type Program struct {
	settings.Env
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	Exposed []string // flags of secrets that stand on the command line
}

// Resolve fills in the flags that the command line leaves open.
func (p *Program) Resolve(flags *pflag.FlagSet) error {
	p.Exposed = settings.SecretsOnCommandLine(flags)
	return p.Env.Resolve(flags)
}

// Columns is how wide the terminal is that the output goes to, or what COLUMNS says; 0:
// there is none.
func (p *Program) Columns() int {
	if text, ok := p.Lookup("COLUMNS"); ok {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			return n
		}
	}
	f, ok := p.Stdout.(*os.File)
	if !ok {
		return 0
	}
	return term.Columns(f)
}

// Warn warns whoever runs a command of secrets on the command line, and of variables that are
// misspelt; serve has a log for these. A program that reads JSON is told of the first alone:
// it may take all that comes on the standard error for JSON.
func (p *Program) Warn(c *cobra.Command) {
	for _, name := range p.Exposed {
		fmt.Fprintf(p.Stderr, "quorumbeat: --%s: %s\n", name, settings.SecretOnCommandLine)
	}
	if json := c.Flags().Lookup("json"); json == nil || json.Value.String() != "true" {
		p.WarnOfSlips(c)
	}
}

// WarnOfSlips warns of misspelt variables.
func (p *Program) WarnOfSlips(c *cobra.Command) {
	for _, slip := range p.Slips(c.Root()) {
		p.Note("warning: %v", slip)
	}
}

// Note tells a person one line.
func (p *Program) Note(format string, args ...any) {
	fmt.Fprintf(p.Stderr, "quorumbeat: %s\n", strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "))
}

// AskYes asks a person at a terminal. Without one, somebody has to have said --yes.
func (p *Program) AskYes(question string) error {
	if f, ok := p.Stdin.(*os.File); ok && !term.IsTerminal(f) {
		return usage.Errorf("nobody can be asked, for the input is no terminal: say --yes if you are sure")
	}
	fmt.Fprint(p.Stderr, question+" [y/N] ")
	line, _ := bufio.NewReader(p.Stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return errors.New("not confirmed: nothing was changed")
	}
	return nil
}

// ReadFile reads a file, or what "-" stands for.
func (p *Program) ReadFile(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(p.Stdin)
	}
	return os.ReadFile(file)
}
