package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// columns is how wide the terminal is that the output goes to, or what COLUMNS says; 0:
// there is none.
func (p *program) columns() int {
	if text, ok := p.env("COLUMNS"); ok {
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
