package chat

import (
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Teams refuses messages over 28 KB; JSON may double what it escapes.
const (
	teamsTitle = 300
	teamsBody  = 9000
)

// Teams is how a workflow of Microsoft Teams is spoken to.
var Teams = channel.Format{Render: renderTeams}

type object = map[string]any

func renderTeams(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	style := map[bool]string{true: "good", false: "attention"}[m.Good]
	if m.Tag == "UNHEARD" {
		style = "warning"
	}
	// A RichTextBlock shows its text as it is; a TextBlock would read it as Markdown.
	text := func(s string, more object) object {
		run := object{"type": "TextRun", "text": s}
		for k, v := range more {
			run[k] = v
		}
		return object{"type": "RichTextBlock", "inlines": []any{run}}
	}
	card := object{
		"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4",
		"msteams": object{"width": "Full"},
		"body": []any{
			text(message.Clip(m.Title, teamsTitle), object{"weight": "bolder", "size": "medium", "color": style}),
			text(m.Body(teamsBody), nil),
		},
	}
	if link := m.Link(); link != "" {
		card["actions"] = []any{object{"type": "Action.OpenUrl", "title": "Open", "url": link}}
	}
	return post(c, m, object{"type": "message", "attachments": []any{
		object{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card},
	}})
}
