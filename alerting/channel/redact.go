package channel

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

const (
	minSecret = 4  // what is shorter is no secret, and would spoil every text
	minPiece  = 10 // of a URL: shorter ones are words
	minValue  = 8  // of its query
)

// Redact returns a text without the secrets of a channel, in whatever form a service may
// repeat them: for errors, logs and the ledger.
func Redact(c fsm.ChannelSpec, text string) string {
	var secrets []string
	for _, f := range c.Fields {
		if f.Secret {
			secrets = append(secrets, f.Value)
		}
		if s, err := kinds.ParseShoutrrr(f.Value); err == nil && c.Kind == "shoutrrr" {
			secrets = append(secrets, s.Secrets()...) // and not the name of the server, which people have to see
			continue
		}
		secrets = append(secrets, secretsInURL(f)...)
	}
	if user := c.Get("username"); user != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(user+":"+c.Get("password"))))
	}
	var forms []string
	for _, s := range secrets {
		forms = append(forms, formsOf(s)...)
	}
	// The longest first, for one may be a part of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, s := range forms {
		if len(s) >= minSecret {
			text = strings.ReplaceAll(text, s, kinds.Hidden)
		}
	}
	return text
}

// secretsInURL returns what may be a secret in a URL: its query, and long pieces of its path. A
// service that knows no such path often repeats it.
func secretsInURL(f fsm.ChannelField) (list []string) {
	u, err := url.Parse(f.Value)
	if err != nil || u.Scheme == "" {
		return nil
	}
	text := u.EscapedPath() + "?" + u.RawQuery
	if f.Secret {
		list = append(list, u.RequestURI(), u.EscapedPath(), u.RawQuery)
	}
	for _, piece := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune("/:@?&=#;,", c) }) {
		if len(piece) >= minPiece {
			list = append(list, piece)
		}
	}
	for _, values := range u.Query() {
		for _, v := range values {
			if len(v) >= minValue {
				list = append(list, v)
			}
		}
	}
	return list
}

// formsOf returns a secret as it is, and as it stands in URLs, JSON and HTML.
func formsOf(s string) []string {
	quoted, _ := json.Marshal(s)
	plain, err := url.PathUnescape(s)
	if err != nil {
		plain = s
	}
	return []string{s, plain, url.QueryEscape(s), url.PathEscape(s), strings.Trim(string(quoted), `"`), strings.ReplaceAll(s, `"`, `\"`), html.EscapeString(s)}
}
