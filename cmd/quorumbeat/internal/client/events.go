package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// eventLine is an event for programs: one line each.
type eventLine struct {
	ID    string          `json:"id"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

func eventsCommand(p *cli.Program) *cobra.Command {
	params := heartbeat.EventsParams{}
	asJSON := func() bool { return false }
	c := call.NewCommand(p, "events", "Tell what changes, as it changes, until it is ended", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		show := func(e heartbeat.Event) error { return tellEvent(p, e) }
		if asJSON() {
			show = func(e heartbeat.Event) error {
				return json.NewEncoder(p.Stdout).Encode(eventLine{e.ID, e.Kind, e.Data})
			}
		}
		for e, err := range api.Events(ctx, params) {
			if heartbeat.IsRefused(err) {
				return nil, err
			}
			if err != nil {
				p.Note("nobody answers (%v): trying on", err)
				continue
			}
			if err := show(e); err != nil {
				return nil, err
			}
		}
		return nil, ctx.Err()
	}, nil, func(_ *cli.Program, c *cobra.Command, s *cli.Connection) {
		asJSON = func() bool { return s.JSON }
		c.Flags().StringVar(&params.Tag, "tag", "", "only heartbeats with this `tag`, and their incidents")
		call.CompleteFlag(p, c, "tag", call.TagNames)
		c.Flags().StringVar(&params.After, "after", "", "go on after the event with this `ID`")
	})
	c.Long = "Tell of heartbeats that are made, changed or deleted, that miss, fail and recover, of incidents and of nodes.\n" +
		"Plain pings are not told. With --json each line is an object with the event's id, its kind and the thing itself.\n" +
		"If a node dies, it goes on at another one."
	return c
}

// tellEvent tells a person of an event, in a line.
func tellEvent(p *cli.Program, e heartbeat.Event) error {
	var words string
	switch {
	case e.Reset != nil:
		if e.Reset.Code != "begin" {
			p.Note("%s", e.Reset.Message)
		}
		return nil
	case e.Heartbeat != nil:
		h := e.Heartbeat
		words = fmt.Sprintf("%s is %s", h.Name, h.Status)
		if h.ConsecutiveMisses > 0 {
			words += fmt.Sprintf(", misses %d", h.ConsecutiveMisses)
		}
	case e.Incident != nil && e.Incident.State == "open":
		words = fmt.Sprintf("%s: an incident began: %s", e.Incident.HeartbeatName, e.Incident.Reason)
	case e.Incident != nil:
		words = fmt.Sprintf("%s: an incident ended", e.Incident.HeartbeatName)
	case e.Node != nil:
		words = nodeWords(e.Node)
	default:
		words = e.Kind + " " + e.Deleted
	}
	_, err := fmt.Fprintln(p.Stdout, term.Time(new(time.Now())), term.Printable(words))
	return err
}

func nodeWords(n *heartbeat.Node) string {
	words := "node " + n.Name
	switch {
	case !n.Alive:
		words += " is not seen"
	case n.Leader:
		words += " leads"
	default:
		words += " lives"
	}
	if n.Alive && !n.Listener {
		words += ", and its public port does not answer"
	}
	if n.Disk == "low" || n.Disk == "full" {
		words += ", and its disk is " + n.Disk
	}
	return words
}
