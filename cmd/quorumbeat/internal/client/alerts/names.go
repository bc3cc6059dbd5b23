package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// alertIn returns what finds an alert in one of some states: by its ID, or by its heartbeat's name if
// that has one such alert.
func alertIn(states []string) func(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	return func(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
		if call.IDForm.MatchString(word) && strings.HasPrefix(word, "al_") {
			return word, nil
		}
		id, err := call.HeartbeatOf(ctx, api, word)
		if err != nil {
			return "", orBadID(err, word, "al_", "an alert, like al_0123456789abcdef01234567")
		}
		var found []call.Candidate
		for _, state := range states {
			rows, err := api.Alerts(ctx, heartbeat.AlertsParams{State: state, HeartbeatID: id})
			if err != nil {
				return "", err
			}
			for _, a := range rows {
				found = append(found, call.Candidate{ID: a.ID, About: fmt.Sprintf("%s to %s, %s", a.Kind, a.Recipient, a.State)})
			}
		}
		if len(found) == 0 && !slices.Contains(states, "held") {
			if rows, err := api.Alerts(ctx, heartbeat.AlertsParams{State: "held", HeartbeatID: id}); err == nil && len(rows) > 0 {
				return "", cli.Failure(fmt.Sprintf("the alert of %q is held: 'quorumbeat alerts retry' sends it", word), "invalid_state")
			}
		}
		return call.OnlyCandidate(strings.Join(states, " or ")+" alert of", word, found)
	}
}

// orBadID says of a word that looks like the ID of something, and is nothing's name, that it is no such ID.
func orBadID(err error, word, prefix, of string) error {
	if !strings.HasPrefix(word, prefix) || heartbeat.IsUnauthorized(err) || heartbeat.IsUnavailable(err) {
		return err
	}
	return cli.Failure(fmt.Sprintf("%q is not the ID of %s, nor a heartbeat's name", word, of), "not_found")
}

func alertIDs(states []string) func(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	return func(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
		for _, state := range states {
			rows, err := api.Alerts(ctx, heartbeat.AlertsParams{State: state})
			if err != nil {
				return nil, err
			}
			for _, a := range rows {
				names = append(names, cobra.CompletionWithDesc(a.ID, term.Printable(a.HeartbeatName)+", "+a.State))
			}
		}
		return names, nil
	}
}
