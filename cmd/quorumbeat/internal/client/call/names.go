package call

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Whoever takes an ID takes the name of the thing as well, if only one thing has it.

// IDForm is how the ID of a heartbeat, an alert, a channel, a maintenance window or a key looks.
var IDForm = regexp.MustCompile(`^(hb|al|ch|mw|key)_[0-9a-f]{24}$`)

// Candidate is a thing that a word may mean.
type Candidate struct{ ID, About string }

// OnlyCandidate returns the ID of the only candidate.
func OnlyCandidate(kind, word string, found []Candidate) (string, error) {
	switch len(found) {
	case 0:
		return "", cli.Failure(fmt.Sprintf("there is no %s %q", kind, word), "not_found")
	case 1:
		return found[0].ID, nil
	}
	var list []string
	for _, c := range found {
		list = append(list, fmt.Sprintf("%s (%s)", c.ID, c.About))
	}
	return "", cli.Failure(fmt.Sprintf("%q means any of %d; give the ID of one: %s", word, len(found), strings.Join(list, ", ")), "ambiguous")
}

// HeartbeatOf returns the ID of the heartbeat that has a word as its ID, slug or name.
func HeartbeatOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if IDForm.MatchString(word) {
		return word, nil
	}
	all, err := HeartbeatsCalled(ctx, api, word)
	if err != nil {
		return "", err
	}
	var found []Candidate
	for _, h := range all {
		found = append(found, Candidate{h.ID, fmt.Sprintf("%s, slug %s, %s", h.Name, h.Slug, h.Status)})
	}
	return OnlyCandidate("heartbeat with the ID, slug or name", word, found)
}

// HeartbeatIfGiven is HeartbeatOf for a word that need not be given.
func HeartbeatIfGiven(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if word == "" {
		return "", nil
	}
	return HeartbeatOf(ctx, api, word)
}

// HeartbeatsCalled returns the heartbeats that have a word as their slug or name.
func HeartbeatsCalled(ctx context.Context, api *heartbeat.Client, word string) (found []*heartbeat.Heartbeat, err error) {
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
