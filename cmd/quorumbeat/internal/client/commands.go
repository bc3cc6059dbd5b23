package client

import (
	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/alerts"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Commands are the commands that call the API.
func Commands(p *cli.Program) []*cobra.Command {
	return append(alerts.Commands(p),
		createCommand(p), ensureCommand(p), listCommand(p), getCommand(p), updateCommand(p),
		pauseCommand(p),
		heartbeatCommand(p, "resume", "Judge a paused heartbeat again, from now on", (*heartbeat.Client).Resume),
		rotateCommand(p), deleteCommand(p), pingCommand(p), pingsCommand(p), uptimeCommand(p), suggestCommand(p),
		previewCommand(p),
		eventsCommand(p), keysCommand(p), clusterCommand(p),
		statusPagesCommand(p), badgesCommand(p),
	)
}
