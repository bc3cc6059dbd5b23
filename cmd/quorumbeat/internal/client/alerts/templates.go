package alerts

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func templatesCommand(p *cli.Program) *cobra.Command {
	templates := call.Group("templates", "Say alerts in words of your own", "get", func(use string) *cobra.Command {
		return call.NewCommand(p, use, "Show the templates, and the fields that they may tell", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return api.Templates(ctx)
		}, showTemplates, call.WithStale)
	})
	templates.AddCommand(
		templatesSetCommand(p),
		call.NewCommand(p, "reset", "Go back to the words that are built in", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
			return map[string]string{"reset": "templates"}, api.DeleteTemplates(ctx)
		}, call.ShowWord("reset")),
	)
	return templates
}

func templatesSetCommand(p *cli.Program) *cobra.Command {
	var subject, text string
	var preview bool
	var c *cobra.Command
	c = call.NewCommand(p, "set", "Set the templates; what is not given stays as it is", usage.NoArguments, func(ctx context.Context, api *heartbeat.Client, _ []string) (any, error) {
		subjectGiven, textGiven := c.Flags().Changed("subject"), c.Flags().Changed("text")
		if !subjectGiven && !textGiven {
			return nil, usage.Errorf("give --subject or --text")
		}
		old, err := api.Templates(ctx)
		if err != nil {
			return nil, err
		}
		t := old.Templates
		if subjectGiven {
			t.Subject = subject
		}
		if textGiven {
			t.Text = text
		}
		if preview {
			return api.PreviewTemplates(ctx, t)
		}
		return api.SetTemplates(ctx, t)
	}, showTemplates)
	f := c.Flags()
	f.StringVar(&subject, "subject", "", "`template` of mails' subjects and other titles, like '{{.State}}: {{.Name}}'; empty: as it is built in")
	f.StringVar(&text, "text", "", "`template` of the text with which a message begins; empty: as it is built in")
	f.BoolVar(&preview, "preview", false, "show what they would say, and save nothing")
	return c
}

func showTemplates(w *term.Table, v any) {
	switch v := v.(type) {
	case *heartbeat.TemplateSet:
		w.Row("Subject", term.Free(term.OrDash(v.Subject)))
		w.Row("Text", term.Free(term.OrDash(v.Text)))
		for i, field := range v.Fields {
			label := ""
			if i == 0 {
				label = "Fields"
			}
			w.Row(label, "{{."+field+"}}")
		}
	case []heartbeat.TemplatePreview:
		w.Row("KIND", "SUBJECT", "TEXT")
		for _, sample := range v {
			w.Row(sample.Kind, term.Free(sample.Subject), term.Free(strings.ReplaceAll(sample.Text, "\n", " ")))
		}
	}
}
