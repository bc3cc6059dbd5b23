package main

import (
	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
)

func (p *program) secretCommand() *cobra.Command {
	return p.Teller("secret", "Make a cluster secret, for --cluster-secret-file on every node", func() (any, string) {
		secret := transport.GenerateSecret()
		return map[string]string{"secret": secret}, secret
	})
}
