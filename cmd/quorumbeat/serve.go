package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/node"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/tune"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

func (p *program) serveCommand() *cobra.Command {
	s := settings.New(thisBuild())
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a node",
		Long: "Run a node of a cluster. Every flag may also be set as QUORUMBEAT_ and its name in capitals, or in the file of --config.\n" +
			"Lengths of time are written 90s, 1h30m, 1d or 1w; a bare number is seconds.\n" +
			"SIGTERM ends it after handing over what it does. SIGHUP has it read certificates and secrets again; certificates are\n" +
			"also read again when their files change.",
		Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			signals := node.CatchSignals()
			defer signals.Stop()
			again := s.Again(p.Env, thisBuild())
			p.Exposed = settings.SecretsOnCommandLine(c.Flags())
			if err := s.Load(p.Env); err != nil {
				return err
			}
			return p.serve(c.Context(), s, again, signals)
		},
	}
	s.Register(c.Flags())
	completeSettings(c)
	return c
}

// completeSettings has a shell complete the settings that are one of a few words.
func completeSettings(c *cobra.Command) {
	cli.CompleteWords(c, "log-level", settings.LogLevels)
	cli.CompleteWords(c, "log-format", settings.LogFormats)
	cli.CompleteWords(c, "in-doubt", []string{alerting.InDoubtResend, alerting.InDoubtHold})
}

// serve runs a node until ctx ends, a signal ends it, or it cannot go on. again reads the
// settings anew.
func (p *program) serve(ctx context.Context, s *settings.Node, again func() (*settings.Node, error), signals *node.Signals) error {
	tune.GC()
	tune.Processors()
	queue := node.NewLogQueue(p.Stderr, s.LinesLeftOut)
	defer queue.Close()
	log := s.Logger(queue)
	p.WarnMisspelt(p.root(), log)
	for _, name := range p.Exposed {
		log.Warn(settings.SecretOnCommandLine, "flag", "--"+name)
	}
	return node.Run(ctx, s, again, signals, log, queue, p.Stdout)
}
