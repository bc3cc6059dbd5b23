package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func statusPagesCommand(p *cli.Program) *cobra.Command {
	pages := call.Group("status-pages", "Publish how heartbeats are, on pages for anybody", "list", func(use string) *cobra.Command {
		return call.NewCommand(p, use, "List the status pages", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return api.StatusPages(ctx)
		}, showStatusPages, call.WithStale)
	})
	var params heartbeat.StatusPageParams
	var named []string
	create := call.NewCommand(p, "create TITLE", "Publish a status page", usage.Needs("TITLE"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		if len(named)+len(params.Tags) == 0 {
			return nil, usage.Errorf("a page needs heartbeats: give --heartbeat or --tag")
		}
		params.Title, params.Heartbeats = args[0], nil
		for _, one := range named {
			word, alias, _ := strings.Cut(one, "=")
			id, err := call.HeartbeatOf(ctx, api, word)
			if err != nil {
				return nil, err
			}
			params.Heartbeats = append(params.Heartbeats, heartbeat.PageHeartbeat{ID: id, Alias: alias})
		}
		return api.CreateStatusPage(ctx, params)
	}, func(w *term.Table, v any) { w.Row(v.(*heartbeat.StatusPage).URL) })
	f := create.Flags()
	f.StringVar(&params.Slug, "slug", "", "`name` in its URL, of a-z 0-9 _ - (default: made from the title)")
	f.Var(flags.ListOf(&params.Tags), "tag", "`tags` whose heartbeats are on it, with commas between")
	f.StringArrayVar(&named, "heartbeat", nil, "`NAME[=ALIAS]` of a heartbeat that is on it, and what the page calls it; may be given several times")
	call.CompleteFlag(p, create, "tag", call.TagNames)
	call.CompleteFlag(p, create, "heartbeat", call.HeartbeatNames)
	pages.AddCommand(create, call.NewCommand(p, "delete SLUG", "Take a status page back", usage.Needs("SLUG"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		err := api.DeleteStatusPage(ctx, args[0])
		if heartbeat.IsNotFound(err) {
			err = cli.Failure(fmt.Sprintf("there is no status page with the slug %q: see 'quorumbeat status-pages list'", args[0]), "not_found")
		}
		return map[string]string{"deleted": args[0]}, err
	}, call.ShowWord("deleted"), call.CompleteNames(pageSlugs)))
	return pages
}

func pageSlugs(ctx context.Context, api *heartbeat.Client) (slugs []cobra.Completion, err error) {
	pages, err := api.StatusPages(ctx)
	for _, page := range pages {
		slugs = append(slugs, cobra.CompletionWithDesc(page.Slug, term.Printable(page.Title)))
	}
	return slugs, err
}

func showStatusPages(w *term.Table, v any) {
	pages := v.([]heartbeat.StatusPage)
	if len(pages) == 0 {
		w.Row("no status pages")
		return
	}
	w.Row("TITLE", "SHOWS", "URL")
	for _, p := range pages {
		shows := fmt.Sprintf("%d heartbeats", len(p.Heartbeats))
		if len(p.Heartbeats) == 1 {
			shows = "1 heartbeat"
		}
		if len(p.Tags) > 0 {
			shows += ", tags " + strings.Join(p.Tags, ", ")
		}
		w.Row(term.Free(p.Title), term.Free(shows), p.URL)
	}
}

func badgesCommand(p *cli.Program) *cobra.Command {
	badges := call.Group("badges", "Publish badges of heartbeats and tags", "list", func(use string) *cobra.Command {
		return call.NewCommand(p, use, "List the badges", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return api.Badges(ctx)
		}, showBadges, call.WithStale, call.WithWide)
	})
	var params heartbeat.BadgeParams
	create := call.NewCommand(p, "create [NAME]", "Publish a badge of a heartbeat, or of a --tag", usage.AtMost("NAME"), func(ctx context.Context, api *heartbeat.Client, args []string) (_ any, err error) {
		if (len(args) == 0) == (params.Tag == "") {
			return nil, usage.Errorf("give either a heartbeat's name or --tag")
		}
		if len(args) > 0 {
			if params.HeartbeatID, err = call.HeartbeatOf(ctx, api, args[0]); err != nil {
				return nil, err
			}
		}
		return api.CreateBadge(ctx, params)
	}, func(w *term.Table, v any) {
		b := v.(*heartbeat.Badge)
		w.Row("Picture", b.SVGURL)
		w.Row("For shields.io", b.JSONURL)
	}, call.CompleteHeartbeat)
	create.Flags().StringVar(&params.Tag, "tag", "", "`tag` of the heartbeats that it tells of")
	call.CompleteFlag(p, create, "tag", call.TagNames)
	create.Flags().StringVar(&params.Label, "label", "", "`text` of its left side (default: the heartbeat's name, or the tag)")
	badges.AddCommand(create, call.NewCommand(p, "delete BADGE", "Take a badge back, by its ID, or its heartbeat or tag", usage.Needs("BADGE"), call.OnID(badgeOf, func(ctx context.Context, api *heartbeat.Client, id string) (any, error) {
		return map[string]string{"deleted": id}, api.DeleteBadge(ctx, id)
	}), call.ShowWord("deleted"), call.CompleteNames(badgeIDs)))
	return badges
}

// badgeOf returns the ID of the badge that has a word as its ID, or is of the tag or heartbeat of that name.
func badgeOf(ctx context.Context, api *heartbeat.Client, word string) (string, error) {
	badges, err := api.Badges(ctx)
	if err != nil || slices.ContainsFunc(badges, func(b heartbeat.Badge) bool { return b.ID == word }) {
		return word, err
	}
	called, err := call.HeartbeatsCalled(ctx, api, word)
	if err != nil {
		return "", err
	}
	var found []call.Candidate
	for _, b := range badges {
		if b.Tag == word || slices.ContainsFunc(called, func(h *heartbeat.Heartbeat) bool { return h.ID == b.HeartbeatID }) {
			found = append(found, call.Candidate{ID: b.ID, About: badgeSubject(b)})
		}
	}
	return call.OnlyCandidate("badge with the ID, or of the tag or heartbeat", word, found)
}

// badgeSubject is of what a badge tells.
func badgeSubject(b heartbeat.Badge) string {
	if b.Tag != "" {
		return "tag " + b.Tag
	}
	return cmp.Or(b.HeartbeatName, b.HeartbeatID)
}

func badgeIDs(ctx context.Context, api *heartbeat.Client) (ids []cobra.Completion, err error) {
	badges, err := api.Badges(ctx)
	for _, b := range badges {
		ids = append(ids, cobra.CompletionWithDesc(b.ID, term.Printable(badgeSubject(b))))
	}
	return ids, err
}

func showBadges(w *term.Table, v any) {
	badges := v.([]heartbeat.Badge)
	if len(badges) == 0 {
		w.Row("no badges")
		return
	}
	head := []any{"OF", "LABEL", "PICTURE"}
	if w.Wide {
		head = append(head, "ID")
	}
	w.Row(head...)
	for _, b := range badges {
		cells := []any{term.Free(badgeSubject(b)), term.Free(term.OrDash(b.Label)), b.SVGURL}
		if w.Wide {
			cells = append(cells, b.ID)
		}
		w.Row(cells...)
	}
}
