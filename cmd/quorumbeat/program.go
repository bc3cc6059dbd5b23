package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
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
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// warnExposed warns whoever runs a command; serve has a log for it.
func (p *program) warnExposed() {
	for _, name := range p.exposed {
		fmt.Fprintf(p.stderr, "quorumbeat: --%s: %s\n", name, settings.ExposedWords)
	}
}
