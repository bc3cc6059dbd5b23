package client

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Whoever takes an ID takes the name of the thing as well, if only one thing has it.

var idForm = regexp.MustCompile(`^(hb|al|ch|key)_[0-9a-f]{24}$`)

// candidate is a thing that a word may mean.
type candidate struct{ id, about string }

// onlyCandidate returns the ID of the only candidate.
func onlyCandidate(kind, word string, found []candidate) (string, error) {
	switch len(found) {
	case 0:
		return "", cli.Failure(fmt.Sprintf("there is no %s %q", kind, word), "not_found")
	case 1:
		return found[0].id, nil
	}
	var list []string
	for _, c := range found {
		list = append(list, fmt.Sprintf("%s (%s)", c.id, c.about))
	}
	return "", cli.Failure(fmt.Sprintf("%q means any of %d; give the ID of one: %s", word, len(found), strings.Join(list, ", ")), "ambiguous")
}

// heartbeatOf returns the ID of the heartbeat that has a word as its ID, slug or name.
func heartbeatOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if idForm.MatchString(word) {
		return word, nil
	}
	all, err := heartbeatsCalled(ctx, api, word)
	if err != nil {
		return "", err
	}
	var found []candidate
	for _, h := range all {
		found = append(found, candidate{h.ID, fmt.Sprintf("%s, slug %s, %s", h.Name, h.Slug, h.Status)})
	}
	return onlyCandidate("heartbeat with the ID, slug or name", word, found)
}

func heartbeatsCalled(ctx context.Context, api *heartbeat.Client, word string) (found []*heartbeat.Heartbeat, err error) {
	if word == "" {
		return nil, usage.Errorf("the ID, slug or name is empty")
	}
	all, err := api.ListMatching(ctx, heartbeat.ListParams{Query: word})
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		if h.Slug == word || h.Name == word {
			found = append(found, h)
		}
	}
	return found, nil
}

// keyOf returns the ID of the API key that has a word as its ID or name.
func keyOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if idForm.MatchString(word) {
		return word, nil
	}
	keys, err := api.Keys(ctx)
	if err != nil {
		return "", err
	}
	var found []candidate
	for _, k := range keys {
		if k.Name == word {
			found = append(found, candidate{k.ID, "scope " + k.Scope + ", made " + term.Time(&k.CreatedAt)})
		}
	}
	return onlyCandidate("API key with the ID or name", word, found)
}

// alertIn returns what finds an alert in one of some states: by its ID, or by its heartbeat's name if
// that has one such alert.
func alertIn(states []string) func(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	return func(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
		if idForm.MatchString(word) && strings.HasPrefix(word, "al_") {
			return word, nil
		}
		id, err := heartbeatOf(ctx, api, word)
		if err != nil {
			return "", err
		}
		var found []candidate
		for _, state := range states {
			rows, err := api.Alerts(ctx, heartbeat.AlertsParams{State: state, HeartbeatID: id})
			if err != nil {
				return "", err
			}
			for _, a := range rows {
				found = append(found, candidate{a.ID, fmt.Sprintf("%s to %s, %s", a.Kind, a.Recipient, a.State)})
			}
		}
		return onlyCandidate(strings.Join(states, " or ")+" alert of", word, found)
	}
}
