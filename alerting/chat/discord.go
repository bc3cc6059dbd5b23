package chat

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Discord's limits are 256 characters for a title, 4,096 for a description, 6,000 in all.
// Escaping may double a text.
const (
	discordTitle = 250
	discordBody  = 2000
)

// Discord is how Discord is spoken to.
var Discord = channel.Format{Render: renderDiscord, ReadBody: readDiscordAnswer}

type discordMessage struct {
	Embeds   []discordEmbed `json:"embeds"`
	Mentions struct {
		Parse []string `json:"parse"`
	} `json:"allowed_mentions"` // nobody, whatever a name looks like
}

type discordEmbed struct {
	Title string `json:"title"`
	Text  string `json:"description"`
	URL   string `json:"url,omitempty"`
	Color int64  `json:"color"`
	Time  string `json:"timestamp"`
}

func renderDiscord(c fsm.ChannelSpec, m channel.Message, _ time.Time) (channel.Request, error) {
	number, _ := strconv.ParseInt(strings.TrimPrefix(colour(m), "#"), 16, 64)
	out := discordMessage{Embeds: []discordEmbed{{
		Title: message.Clip(m.Title, discordTitle), Text: escapeMarkdown(m.Body(discordBody)), URL: m.Link(), Color: number,
		Time: m.Alert.CreatedAt.UTC().Format(time.RFC3339),
	}}}
	out.Mentions.Parse = []string{}
	r, err := post(c, m, out)
	r.URL = withWait(r.URL)
	return r, err
}

// withWait has Discord answer once the message is saved. Else it answers at once, and tells of no error.
func withWait(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	q := u.Query()
	q.Set("wait", "true")
	u.RawQuery = q.Encode()
	return u.String()
}

// escapeMarkdown keeps a job's output from being read as Markdown.
func escapeMarkdown(s string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "~", "\\~", "`", "\\`", "|", "\\|", ">", "\\>", "[", "\\[", "#", "\\#").Replace(s)
}

// readDiscordAnswer reads how long a refusal for coming too often lasts, which is in the body too.
func readDiscordAnswer(a outgoing.Answer) (v channel.BodyStatus) {
	var body struct {
		RetryAfter float64 `json:"retry_after"` // seconds
	}
	if json.Unmarshal(a.Body, &body) == nil && body.RetryAfter > 0 {
		v.After = time.Duration(min(body.RetryAfter, 3600) * float64(time.Second))
	}
	return v
}
