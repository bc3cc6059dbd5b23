package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/bench"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/tune"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// program is one run of the command.
type program struct{ cli.Program }

func main() {
	ctx, stop := context.Background(), func() {}
	if len(os.Args) > 1 && os.Args[1] == "serve" { // which sees to signals itself
		tune.TimerSlack()
	} else {
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	p := &program{cli.Program{Env: settings.Env{Lookup: os.LookupEnv, All: os.Environ}, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}}
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
	var own cli.ExitStatus
	switch {
	case err == nil:
		return cli.ExitDone
	case errors.As(err, &own):
		return int(own)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return cli.ExitInterrupted // whoever did it knows
	case errors.Is(err, syscall.EPIPE):
		return cli.ExitFailed // nobody reads on
	}
	p.TellError(err, wantsJSON(c, args))
	if cli.IsUsage(err) {
		return cli.ExitUsage
	}
	return cli.ExitFailed
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
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(cli.FlagError)
	root.SetHelpCommand(helpCommand(root))
	root.SetHelpFunc(p.showHelp)
	root.AddCommand(p.serveCommand(), p.devCommand(), p.configCommand(), p.secretCommand(), p.restoreCommand(), p.salvageCommand(), p.versionCommand())
	root.AddCommand(p.backupCommand(), bench.Command(&p.Program), p.runCommand(), p.spoolCommand(), p.carryOutputCommand())
	root.AddCommand(client.Commands(&p.Program)...)
	if c, _, err := root.Find([]string{"cluster"}); err == nil {
		c.AddCommand(p.recoverCommand())
	}
	root.InitDefaultCompletionCmd("completion")
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Args, c.RunE = usage.NoArguments, func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	return root
}
