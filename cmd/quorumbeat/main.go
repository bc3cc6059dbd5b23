package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/api"
	"github.com/quorumbeat/quorumbeat/cluster"
)

// Set by the linker; see the Makefile.
var (
	version  = "devel"
	revision = ""
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// program is one run of the command, with its surroundings as data.
type program struct {
	env    func(string) (string, bool)
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	exposed []string // flags of secrets that stand on the command line
}

func main() {
	ctx, stop := context.Background(), func() {}
	if len(os.Args) > 1 && os.Args[1] == "serve" { // which sees to signals itself
		widenTimerSlack()
	} else {
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	p := &program{env: os.LookupEnv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run does what the arguments say until it is done or ctx ends, and returns the
// exit code. An error is one line: what happened, why, and what to do.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	var own exitStatus
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &own):
		return int(own)
	}
	p.say("quorumbeat: " + message(err))
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// say tells the error that a run ends with. It does not wait for ever for a reader that
// has stopped reading.
func (p *program) say(words string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fmt.Fprintln(p.stderr, words)
	}()
	select {
	case <-said:
	case <-time.After(flushLimit):
	}
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "quorumbeat",
		Short:         "A fault-tolerant dead-man's switch: jobs ping it, and when the pings stop, you get mail",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRun: func(c *cobra.Command, _ []string) {
			if c.Name() != "run" { // a job keeps the mask that it was given
				syscall.Umask(0o077)
			}
		},
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%v; see '%s --help'", err, c.CommandPath())
	})
	root.AddCommand(p.serveCommand(), p.devCommand(), p.configCommand(), p.secretCommand(), p.restoreCommand(), p.salvageCommand(), p.versionCommand())
	root.AddCommand(p.clientCommands()...)
	wrapArgs(root)
	return root
}

// wrapArgs makes usage errors of wrong arguments, in every command.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usagef("%v; see '%s --help'", err, c.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

func (p *program) secretCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "secret",
		Short: "Make a cluster secret, to be put into --cluster-secret-file on every node",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, cluster.GenerateSecret())
			return err
		},
	}
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell what this program was built of",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			goVersion := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				goVersion = info.GoVersion
			}
			_, err := fmt.Fprintf(p.stdout, "quorumbeat %s (revision %s, %s)\n", version, orDash(revision), goVersion)
			return err
		},
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// exitStatus is the error of a command that ends with a status of its own and
// has said what there is to say.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// errUsage is wrapped by errors that the command line or the settings cause.
var errUsage = errors.New("usage")

type usageError struct{ error }

func (usageError) Is(target error) bool { return target == errUsage }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func isUsage(err error) bool {
	for _, target := range []error{errUsage, cluster.ErrConfig, alerting.ErrConfig, api.ErrConfig} {
		if errors.Is(err, target) {
			return true
		}
	}
	return strings.HasPrefix(err.Error(), "unknown command")
}

// message makes one line of an error, without the packages' word for its kind.
func message(err error) string {
	s := strings.TrimPrefix(err.Error(), "configuration: ")
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\n", "; ")), " ")
}
