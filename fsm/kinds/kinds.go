package kinds

import "github.com/quorumbeat/quorumbeat/fsm"

// Kind is one kind of channels.
type Kind struct {
	Name   string
	Help   string // what it is, in a few words
	Fields []Field
	Where  string // the field that tells people where its alerts go
	Alone  bool   // its service groups alerts itself: each is sent alone
	Local  bool   // it runs a program of the node, which has to be allowed

	Whole func(values map[string]string) string // what is wrong with its fields together; "": nothing. nil: nothing can be
}

// Field is one setting of a kind.
type Field struct {
	Name     string
	Help     string
	Secret   bool // never shown
	Required bool
	Server   bool                  // a URL of who is sent the channel's secrets
	Default  string                // what an empty value means
	Values   []string              // all that it may be; nil: what Check takes
	Check    func(v string) string // what is wrong with a value; "": nothing
}

// All are the kinds, in the order in which people are told of them.
var All = []Kind{
	{Name: fsm.KindEmail, Help: "mail to some addresses, by the cluster's mail server", Where: fsm.FieldTo, Fields: []Field{
		{Name: fsm.FieldTo, Help: "addresses, with commas between", Required: true, Check: checkMailList},
	}},
	{Name: "webhook", Help: "a URL of your own, signed as Standard Webhooks says", Where: "url", Fields: []Field{
		{Name: "url", Help: "URL that gets a POST", Required: true, Check: checkURL},
		{Name: "secret", Help: "signing secret, whsec_ and base64; one is made if none is given", Secret: true, Check: checkSigningSecret},
	}},
	{Name: "slack", Help: "Slack, or what takes its incoming webhooks, like Mattermost", Where: "url", Whole: checkSlack, Fields: []Field{
		{Name: "url", Help: "URL of the incoming webhook; or token and channel instead", Secret: true, Check: checkURL},
		{Name: "token", Help: "token of a bot that may chat:write, xoxb-…: then recoveries and reminders are in the thread of their alert", Secret: true, Check: checkSlackToken},
		{Name: "channel", Help: "ID of the channel that the bot is in, like C0123456789, or #name", Check: checkSlackChannel},
		{Name: "api_url", Help: "URL of Slack's API, for the bot", Server: true, Default: "https://slack.com/api", Check: checkURL},
	}},
	{Name: "teams", Help: "Microsoft Teams, by a workflow that posts to a channel", Where: "url", Fields: []Field{
		{Name: "url", Help: "URL of the workflow", Secret: true, Required: true, Check: checkURL},
	}},
	{Name: "discord", Help: "Discord, by a webhook of one of its channels", Where: "url", Fields: []Field{
		{Name: "url", Help: "URL of the webhook", Secret: true, Required: true, Check: checkURL},
	}},
	{Name: "telegram", Help: "Telegram, by a bot", Where: "chat_id", Fields: []Field{
		{Name: "token", Help: "token of the bot", Secret: true, Required: true, Check: checkBotToken},
		{Name: "chat_id", Help: "number of the chat, or @channel", Required: true, Check: checkChat},
		{Name: "thread_id", Help: "number of the topic in the chat", Check: checkNumber},
		{Name: "api_url", Help: "URL of a Bot API server of your own", Server: true, Default: "https://api.telegram.org", Check: checkURL},
	}},
	{Name: "ntfy", Help: "ntfy, to phones that subscribe to a topic", Where: "server", Fields: []Field{
		{Name: "topic", Help: "topic, which whoever knows it can read", Secret: true, Required: true, Check: checkTopic},
		{Name: "server", Help: "URL of the server", Server: true, Default: "https://ntfy.sh", Check: checkURL},
		{Name: "token", Help: "access token", Secret: true, Check: checkHeaderText},
		{Name: "priority", Help: "1 to 5, of alerts that something fails", Default: "4", Values: []string{"1", "2", "3", "4", "5"}},
	}},
	{Name: "pagerduty", Help: "PagerDuty, by its Events API v2", Where: "url", Alone: true, Fields: []Field{
		{Name: "routing_key", Help: "integration key", Secret: true, Required: true, Check: checkRoutingKey},
		{Name: "severity", Help: "critical, error, warning or info", Default: "critical", Values: []string{"critical", "error", "warning", "info"}},
		{Name: "url", Help: "URL of the Events API", Server: true, Default: "https://events.pagerduty.com/v2/enqueue", Check: checkURL},
	}},
	{Name: "alertmanager", Help: "Prometheus Alertmanager, by its API v2", Where: "url", Fields: []Field{
		{Name: "url", Help: "URL of the Alertmanager, without /api/v2", Server: true, Required: true, Check: checkURL},
		{Name: "username", Help: "user name for basic authentication", Check: checkUserName},
		{Name: "password", Help: "its password", Secret: true, Check: checkHeaderText},
		{Name: "token", Help: "bearer token", Secret: true, Check: checkHeaderText},
	}},
	{Name: "shoutrrr", Help: "other services, by a URL in shoutrrr's form: gotify, pushover, pushbullet, googlechat, mattermost, rocketchat, zulip", Where: "url", Fields: []Field{
		{Name: "url", Help: "URL like gotify://HOST/TOKEN", Secret: true, Required: true, Check: checkShoutrrr},
	}},
	{Name: "command", Help: "a program on the node that leads", Where: "path", Local: true, Fields: []Field{
		{Name: "path", Help: "absolute path of the program", Required: true, Check: checkPath},
		{Name: "args", Help: "its arguments, one a line", Check: checkLines},
	}},
}

// Find returns a kind by its name.
func Find(name string) (Kind, bool) {
	for _, k := range All {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Field returns a field by its name.
func (k Kind) Field(name string) (Field, bool) {
	for _, f := range k.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Names lists the names of all kinds.
func Names() (list []string) {
	for _, k := range All {
		list = append(list, k.Name)
	}
	return list
}

// Target tells people where the alerts of a channel go, without its secrets: of a URL the
// host alone, for a path or query may be one.
func Target(spec fsm.ChannelSpec) string {
	k, _ := Find(spec.Kind)
	v := k.Value(spec, k.Where)
	if v == "" && spec.Kind == "slack" {
		return spec.Get("channel")
	}
	if s, err := ParseShoutrrr(v); err == nil && k.Name == "shoutrrr" {
		return s.Service // its host may be a secret
	}
	if u, err := ParseURL(v); err == nil {
		return u.Host
	}
	if f, ok := k.Field(k.Where); !ok || f.Secret {
		return ""
	}
	return v
}
