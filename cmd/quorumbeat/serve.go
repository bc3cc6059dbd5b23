package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/tune"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

func (p *program) serveCommand() *cobra.Command {
	s := newServeSettings()
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a node",
		Long: "Run a node of a cluster. Every flag may also be set as QUORUMBEAT_ and its name in capitals, or in the file of --config.\n" +
			"Lengths of time are written 90s, 1h30m, 1d or 1w; a bare number is seconds.\n" +
			"SIGTERM ends it after handing over what it does. SIGHUP has it read certificates and secrets again; certificates are\n" +
			"also read again when their files change.",
		Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			signals := catchNodeSignals()
			defer signals.stop()
			again := p.settingsAgain(c.Flags())
			if err := s.load(p, c.Flags()); err != nil {
				return err
			}
			return p.serve(c.Context(), &settings{s, c.Flags()}, again, signals)
		},
	}
	s.register(c.Flags())
	completeSettings(c)
	return c
}

// completeSettings has a shell complete the settings that are one of a few words.
func completeSettings(c *cobra.Command) {
	completeWords(c, "log-level", logLevels)
	completeWords(c, "log-format", logFormats)
	completeWords(c, "in-doubt", []string{alerting.InDoubtResend, alerting.InDoubtHold})
}

// serve runs a node until ctx ends, a signal ends it, or it cannot go on. again reads the
// settings anew.
func (p *program) serve(ctx context.Context, s *settings, again func() (*settings, error), signals *nodeSignals) error {
	tune.GC()
	tune.Processors()
	queue := newLogQueue(p.stderr, s.leftOut)
	defer queue.close()
	log := s.logger(queue)
	p.warnStrange(p.root(), log)
	for _, name := range p.exposed {
		log.Warn(exposedWords, "flag", "--"+name)
	}
	r := &reloader{inForce: s, again: again, log: log, files: stateOf(s.certificates())} // before they are read
	n, err := startNode(s.serveSettings, log, p.stdout)
	if err != nil {
		return err
	}
	r.node = n
	why, err := signals.wait(ctx, n, r, queue)
	if err == nil {
		log.Info("this node ends in order", "why", why)
		return n.leave()
	}
	log.Error("this node ends, for it cannot go on", "why", err)
	n.giveUp()
	return err // the failure is what to tell
}
