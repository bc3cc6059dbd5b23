package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Exit codes.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitInterrupted = 130 // as shells have it for SIGINT
)

// ExitStatus is the error of a command that ends with a status of its own and
// has said what there is to say.
type ExitStatus int

func (e ExitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// IsUsage reports whether the command line or the settings caused an error.
func IsUsage(err error) bool {
	for _, target := range []error{usage.Err, fsm.ErrConfig} {
		if errors.Is(err, target) {
			return true
		}
	}
	return strings.HasPrefix(err.Error(), "unknown command")
}

// failure is an error in words for a person, with one word for programs.
type failure struct{ words, code string }

// Failure makes an error of words for a person and one word for programs.
func Failure(words, code string) error { return failure{words, code} }

func (f failure) Error() string { return f.words }

// codeOf is the word for programs of an error.
func codeOf(err error) string {
	var f failure
	switch {
	case IsUsage(err):
		return "usage"
	case errors.As(err, &f):
		return f.code
	}
	return "failed"
}

// TellError tells the error that a run ends with.
func (p *Program) TellError(err error, asJSON bool) {
	words := "quorumbeat: " + usage.Message(err)
	if asJSON {
		b, _ := json.Marshal(map[string]string{"error": usage.Message(err), "code": codeOf(err)}) // of strings: that cannot fail
		words = string(b)
	}
	p.say(words)
}

const sayLimit = time.Second

// say tells the error that a run ends with. It does not wait for ever for a reader that
// has stopped reading.
func (p *Program) say(words string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fmt.Fprintln(p.Stderr, words)
	}()
	select {
	case <-said:
	case <-time.After(sayLimit):
	}
}
