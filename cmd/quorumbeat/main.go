package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/tune"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Set by the linker; see the Makefile.
var (
	version  = "devel"
	revision = ""
)

func thisBuild() settings.Build { return settings.Build{Version: version, Revision: revision} }

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells have it for SIGINT
)

// program is one run of the command, with its surroundings as data.
type program struct {
	settings.Env
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	exposed []string // flags of secrets that stand on the command line
}

func main() {
	ctx, stop := context.Background(), func() {}
	if len(os.Args) > 1 && os.Args[1] == "serve" { // which sees to signals itself
		tune.TimerSlack()
	} else {
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	p := &program{Env: settings.Env{Lookup: os.LookupEnv, All: os.Environ}, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run does what the arguments say until it is done or ctx ends, and returns the
// exit code. An error is one line: what happened, why, and what to do.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	var own exitStatus
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &own):
		return int(own)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted // whoever did it knows
	case errors.Is(err, syscall.EPIPE):
		return exitFailed // nobody reads on
	}
	p.tellError(err, wantsJSON(c, args))
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// tellError tells the error that a run ends with.
func (p *program) tellError(err error, asJSON bool) {
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
func (p *program) say(words string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fmt.Fprintln(p.stderr, words)
	}()
	select {
	case <-said:
	case <-time.After(sayLimit):
	}
}

// wantsJSON reports whether a command was asked for JSON, also if its flags are wrong.
func wantsJSON(c *cobra.Command, args []string) bool {
	return c.Flags().Lookup("json") != nil && (slices.Contains(args, "--json") || slices.Contains(args, "--json=true"))
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "quorumbeat",
		Short:         "A fault-tolerant dead-man's switch: jobs ping it, and when the pings stop, you get mail",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usage.NoArguments,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRun: func(c *cobra.Command, _ []string) {
			if c.Name() != "run" { // a job keeps the mask that it was given
				syscall.Umask(0o077)
			}
		},
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand(root))
	root.SetHelpFunc(p.showHelp)
	root.AddCommand(p.serveCommand(), p.devCommand(), p.configCommand(), p.secretCommand(), p.restoreCommand(), p.salvageCommand(), p.versionCommand())
	root.AddCommand(p.clientCommands()...)
	root.InitDefaultCompletionCmd("completion")
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Args, c.RunE = usage.NoArguments, func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	return root
}

// helpCommand is cobra's, but for words that are no command.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage.NoArguments(c, append(rest, args...))
			}
			return c.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if c, _, err := root.Find(args); err == nil {
				return usage.CommandNames(c), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func (p *program) secretCommand() *cobra.Command {
	return p.teller("secret", "Make a cluster secret, for --cluster-secret-file on every node", func() (any, string) {
		secret := transport.GenerateSecret()
		return map[string]string{"secret": secret}, secret
	})
}

func (p *program) versionCommand() *cobra.Command {
	return p.teller("version", "Tell what this program was built of", func() (any, string) {
		goVersion := "unknown"
		if info, ok := debug.ReadBuildInfo(); ok {
			goVersion = info.GoVersion
		}
		return map[string]string{"version": version, "revision": revision, "go": goVersion},
			fmt.Sprintf("quorumbeat %s (revision %s, %s)", version, term.OrDash(revision), goVersion)
	})
}

// teller makes a command that prints a line, or the same for programs.
func (p *program) teller(name, short string, do func() (any, string)) *cobra.Command {
	asJSON := false
	c := &cobra.Command{Use: name, Short: short, Args: usage.NoArguments}
	registerJSON(c.Flags(), &asJSON)
	c.RunE = func(*cobra.Command, []string) error {
		v, words := do()
		return p.tell(asJSON, v, words)
	}
	return c
}

// tell prints a line, or the same for programs.
func (p *program) tell(asJSON bool, v any, words string) error {
	if asJSON {
		return p.printJSON(v)
	}
	_, err := fmt.Fprintln(p.stdout, words)
	return err
}

// exitStatus is the error of a command that ends with a status of its own and
// has said what there is to say.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func isUsage(err error) bool {
	for _, target := range []error{usage.Err, fsm.ErrConfig} {
		if errors.Is(err, target) {
			return true
		}
	}
	return strings.HasPrefix(err.Error(), "unknown command")
}
