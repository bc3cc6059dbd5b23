package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/wrap"
)

func registerRun(f *pflag.FlagSet, s *wrap.Settings) {
	cli.URLFlag(f, &s.URL)
	cli.TokenFlag(f, &s.Token)
	s.Wait = wrap.DefaultWait
	f.Var((*flags.Length)(&s.Wait), "wait", "how long to try to tell of the job's end, after it, up to 5m")
	f.BoolVar(&s.NoCapture, "no-capture", false, "leave the job's output alone: none of it is sent")
	f.Var(&s.Metrics, "metric", "a number to tell with the job's end, like bytes=1048576; may be repeated, up to 16")
	s.Spool.Register(f)
}

const runHelp = `Run a command, and tell the monitor that it starts, and how it ends: with success, or with its
exit status and the last 10,000 bytes of what it printed.

The job does not wait for the monitor, and does not fail because of it. It has the streams, the
working folder, the environment (without QUORUMBEAT_ variables of secrets, and with QUORUMBEAT_METRICS)
and the process group that it would have without. What could not
be told within --wait after its end is kept on disk, and told with the next run, or by
'quorumbeat spool flush', with its own time, for up to 24 hours.

Exit status: the job's own. 128+N if signal N killed it (this program itself is not killed, it exits, as a
shell does), 127 if there is no such command, 126 if it cannot be run, 2 if the flags are wrong: then
nothing is run.

Signals: HUP, TERM, INT, QUIT, USR1, USR2, WINCH, TSTP and CONT are passed on to the job, but not those that
the keyboard gives to all of a terminal's foreground (INT, QUIT, TSTP, WINCH), which the job has then. What
somebody else sends to the whole group the job gets twice; so let systemd have KillMode=mixed.

Output: a stream that is a terminal stays the job's own, and is not sent; others pass through a pipe. With
--no-capture none does. What a process in the background still prints after the job's end is carried
on by a process of its own.

Numbers: the job may write lines like bytes=1048576 into the file that $QUORUMBEAT_METRICS names. They are told with its
end, beside those of --metric, and may be checked there. What is no number is left out and said.

Others on the machine can see the flags of a command: QUORUMBEAT_TOKEN or QUORUMBEAT_TOKEN_FILE hide the token.`

func someCommand(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage.Errorf("there is no command to run: put it after the flags and --, as in 'quorumbeat run --token TOKEN -- backup.sh --full'; see 'quorumbeat run --help'")
	}
	return nil
}

func (p *program) runCommand() *cobra.Command {
	s := &wrap.Settings{}
	c := &cobra.Command{
		Use:     "run --token TOKEN -- COMMAND [ARGUMENT]…",
		Short:   "Run a job and tell the monitor how it goes",
		Long:    runHelp,
		Example: "  0 3 * * *  quorumbeat run --url http://mon1:8080 --token TOKEN -- backup.sh",
		Args:    someCommand,
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.Resolve(c.Flags()); err != nil {
				return err
			}
			if err := s.Validate(); err != nil {
				p.WarnOfSlips(c) // here alone: what is printed while a job runs is the job's, and cron mails it
				return err
			}
			api, err := cli.NewClient(s.URL, "")
			if err != nil {
				return err
			}
			if status := wrap.Run(s, api, args, p.Note); status != 0 {
				return cli.ExitStatus(status)
			}
			return nil
		},
	}
	c.Flags().SetInterspersed(false) // what follows the command's name is the command's
	registerRun(c.Flags(), s)
	return c
}

// carryOutputCommand is run by 'run' itself, for what a job left in the background.
func (p *program) carryOutputCommand() *cobra.Command {
	return &cobra.Command{
		Use: wrap.CarryCommand, Hidden: true, Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error { return wrap.CarryOutput(args) },
	}
}
