package client

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func keysCommand(p *cli.Program) *cobra.Command {
	keys := call.Group("keys", "Manage API keys", "list", func(use string) *cobra.Command {
		return call.NewCommand(p, use, "List the API keys", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return api.Keys(ctx)
		}, showKeys, call.WithStale)
	})
	scope, scopes := "admin", []string{"admin", "write", "read", "ping"}
	create := call.NewCommand(p, "create NAME", "Make an API key; it is shown this once", usage.Needs("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		return api.CreateKey(ctx, args[0], scope)
	}, func(w *term.Table, v any) {
		k := v.(*heartbeat.Key)
		w.Row("ID", k.ID)
		w.Row("Name", term.Free(k.Name))
		w.Row("Scope", k.Scope)
		w.Row("Key", k.Key)
		w.Row()
		w.Row("Keep the key: it is not shown again.")
	})
	create.Flags().Var(flags.OneOf(&scope, scopes), "scope", "admin (everything), write (heartbeats and alerts), read (looks only) or ping (pings by slug only)")
	cli.CompleteWords(create, "scope", scopes)
	limit := call.NewCommand(p, "limit KEY HEARTBEATS", "Set how many heartbeats made with a key may exist; 0: any number", usage.Needs("KEY", "HEARTBEATS"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 0 {
			return nil, usage.Errorf("the number of heartbeats is %q; it must be 0 or more", args[1])
		}
		id, err := keyOf(ctx, api, args[0])
		if err != nil {
			return nil, err
		}
		return api.LimitKey(ctx, id, n)
	}, func(w *term.Table, v any) { w.Row("Heartbeats", madeOf(*v.(*heartbeat.Key))) }, call.CompleteNames(keyNames))
	keys.AddCommand(create, limit, call.NewCommand(p, "delete KEY", "Revoke an API key, by name or ID", usage.Needs("KEY"), call.OnID(keyOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return map[string]string{"deleted": id}, api.DeleteKey(ctx, id)
	}), call.ShowWord("deleted"), call.CompleteNames(keyNames)))
	return keys
}

func showKeys(w *term.Table, v any) {
	keys := v.([]heartbeat.Key)
	if len(keys) == 0 {
		w.Row("no API keys but the nodes' admin key")
		return
	}
	w.Row("NAME", "SCOPE", "MADE", term.TimeHead("CREATED"), "ID")
	for _, k := range keys {
		w.Row(term.Free(k.Name), k.Scope, madeOf(k), term.ColumnTime(&k.CreatedAt), k.ID)
	}
}

// madeOf is how many heartbeats a key has made, of how many it may.
func madeOf(k heartbeat.Key) string {
	if k.MaxHeartbeats == 0 {
		return strconv.Itoa(k.Heartbeats)
	}
	return fmt.Sprintf("%d of %d", k.Heartbeats, k.MaxHeartbeats)
}

// keyOf returns the ID of the API key that has a word as its ID or name.
func keyOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	if call.IDForm.MatchString(word) {
		return word, nil
	}
	keys, err := api.Keys(ctx)
	if err != nil {
		return "", err
	}
	var found []call.Candidate
	for _, k := range keys {
		if k.Name == word {
			found = append(found, call.Candidate{ID: k.ID, About: "scope " + k.Scope + ", made " + term.Time(&k.CreatedAt)})
		}
	}
	return call.OnlyCandidate("API key with the ID or name", word, found)
}

func keyNames(ctx context.Context, api *heartbeat.Client) (names []cobra.Completion, err error) {
	keys, err := api.Keys(ctx)
	for _, k := range keys {
		names = append(names, cobra.CompletionWithDesc(k.Name, "scope "+k.Scope), cobra.CompletionWithDesc(k.ID, term.Printable(k.Name)))
	}
	return names, err
}
