package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

func (p *program) configCommand() *cobra.Command {
	s, asJSON := settings.New(thisBuild()), false
	check := &cobra.Command{
		Use:   "check",
		Short: "Validate the settings of 'serve' without starting anything",
		Long: "Validate the settings of 'serve', from the same sources: flags, QUORUMBEAT_… variables and the file of --config. It finds\n" +
			"what serve would refuse (values, files, certificates, folders) and misspelt variables. It binds no port, and changes nothing.",
		Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			strange := p.Misspelt(c.Root())
			if err := s.Load(p.Env); err != nil || strange != nil {
				return usage.Wrap(errors.Join(append(strange, err)...))
			}
			if err := s.CheckMachine(); err != nil {
				return usage.Wrap(err)
			}
			for _, warning := range s.Warnings() {
				fmt.Fprintln(p.Stderr, "warning:", warning)
			}
			return p.Tell(asJSON, map[string]bool{"valid": true}, "the settings are valid")
		},
	}
	s.Register(check.Flags())
	completeSettings(check)
	cli.JSONFlag(check.Flags(), &asJSON)
	config := cli.Group("config", "Look at settings")
	config.AddCommand(check)
	return config
}
