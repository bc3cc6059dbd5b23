package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
)

// resolve fills in the flags that the command line leaves open.
func (p *program) resolve(flags *pflag.FlagSet) error {
	p.exposed = settings.Exposed(flags)
	return p.Env.Resolve(flags)
}

// columns is how wide the terminal is that the output goes to, or what COLUMNS says; 0:
// there is none.
func (p *program) columns() int {
	if text, ok := p.Lookup("COLUMNS"); ok {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			return n
		}
	}
	f, ok := p.stdout.(*os.File)
	if !ok {
		return 0
	}
	return term.Columns(f)
}

// warnExposed warns whoever runs a command; serve has a log for it.
func (p *program) warnExposed() {
	for _, name := range p.exposed {
		fmt.Fprintf(p.stderr, "quorumbeat: --%s: %s\n", name, settings.ExposedWords)
	}
}

// note tells a person one line.
func (p *program) note(format string, args ...any) {
	fmt.Fprintf(p.stderr, "quorumbeat: %s\n", strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "))
}
