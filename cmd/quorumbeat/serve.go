package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (p *program) serveCommand() *cobra.Command {
	s := newServeSettings()
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a node",
		Long: "Run a node of a cluster. Every flag may also be set as QUORUMBEAT_ and its name in capitals, or in the file of --config.\n" +
			"SIGTERM ends it after handing over what it does.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.load(p, c.Flags()); err != nil {
				return err
			}
			return p.serve(c.Context(), s)
		},
	}
	s.register(c.Flags())
	return c
}

// serve runs a node until ctx ends or the node cannot go on.
func (p *program) serve(ctx context.Context, s *serveSettings) error {
	tuneGC()
	tuneProcessors()
	log := s.logger(p)
	for _, name := range p.exposed {
		log.Warn(exposedWords, "flag", "--"+name)
	}
	n, err := startNode(s, log, p.stdout)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return n.leave()
	case err = <-n.cluster.Fatal():
	case err = <-n.failed:
	}
	n.giveUp()
	return err // the failure is what to tell
}

func (p *program) configCommand() *cobra.Command {
	s := newServeSettings()
	check := &cobra.Command{
		Use:   "check",
		Short: "Validate the settings of 'serve' without starting anything",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.load(p, c.Flags()); err != nil {
				return err
			}
			_, err := fmt.Fprintln(p.stdout, "the settings are valid")
			return err
		},
	}
	s.register(check.Flags())
	config := &cobra.Command{Use: "config", Short: "Look at settings", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	config.AddCommand(check)
	return config
}
