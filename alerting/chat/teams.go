package chat

import (
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Teams refuses messages over 28 KB.
const (
	teamsTitle   = 300
	teamsBody    = 9000
	teamsRequest = 28_000
)

// Teams is how a workflow of Microsoft Teams is spoken to.
var Teams = channel.Format{Render: renderTeams, ReadBody: readTeamsAnswer}

// readTeamsAnswer reads the answer of a connector, the older way into Teams: it says 200 even if Teams did not take the message.
func readTeamsAnswer(a outgoing.Answer) (v channel.BodyStatus) {
	_, status, failed := strings.Cut(string(a.Body), "endpoint returned HTTP error ")
	if !failed || a.Status >= 300 {
		return v
	}
	v.Refusal = "Teams answered " + status[:min(len(status), 3)]
	v.Final = strings.HasPrefix(status, "4") && !strings.HasPrefix(status, "429") && !strings.HasPrefix(status, "408")
	return v
}

type object = map[string]any

func renderTeams(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	body, err := channel.FitJSON(teamsRequest, teamsBody, func(most int) any { return cardOf(m, most) })
	return request(c, m, body), err
}

// cardOf is a message with an Adaptive Card, whose text has at most so many bytes.
func cardOf(m channel.Message, most int) object {
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
			text(m.Body(most), nil),
		},
	}
	var actions []any
	if link := m.Link(); link != "" {
		actions = append(actions, object{"type": "Action.OpenUrl", "title": "Open", "url": link})
	}
	if runbook := m.Alert.About.Runbook; runbook != "" {
		actions = append(actions, object{"type": "Action.OpenUrl", "title": "Runbook", "url": runbook})
	}
	if len(actions) > 0 {
		card["actions"] = actions
	}
	return object{"type": "message", "attachments": []any{
		object{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card},
	}}
}
