package kinds

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Standard Webhooks asks for 24 to 64 bytes.
const (
	secretPrefix  = "whsec_"
	minSecret     = 24
	maxSecret     = 64
	maxHeaderText = 4000
)

// Checks say what is wrong with a value of a field, "" if nothing is.

func checkURL(v string) string {
	if _, err := ParseURL(v); err != nil {
		return err.Error()
	}
	return ""
}

// SigningSecret makes a secret of random bytes.
func SigningSecret(random []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(random)
}

// SigningKey returns the bytes of a secret.
func SigningKey(v string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(v, secretPrefix))
	if err != nil || !strings.HasPrefix(v, secretPrefix) || len(key) < minSecret || len(key) > maxSecret {
		return nil, fmt.Errorf("it must be %s and the base64 of %d to %d bytes", secretPrefix, minSecret, maxSecret)
	}
	return key, nil
}

func checkSigningSecret(v string) string {
	if _, err := SigningKey(v); err != nil {
		return err.Error()
	}
	return ""
}

func checkMailList(v string) string {
	spec := fsm.ChannelSpec{Kind: fsm.KindEmail, Fields: []fsm.ChannelField{{Name: fsm.FieldTo, Value: v}}}
	list := spec.Addresses()
	if len(list) == 0 || len(list) > fsm.MaxEmails {
		return fmt.Sprintf("it must have 1 to %d addresses, with commas between", fsm.MaxEmails)
	}
	for _, a := range list {
		if fsm.ValidateEmail(a) != nil {
			return "it must be bare e-mail addresses like ops@example.com, with commas between"
		}
	}
	return ""
}

func checkBotToken(v string) string {
	id, key, found := strings.Cut(v, ":")
	if !found || !consistsOf(id, digits) || len(key) < 8 || !consistsOf(key, digits+letters+"_-") || len(v) > 200 {
		return "it must be like 123456:ABC-DEF…, as @BotFather gives it"
	}
	return ""
}

// checkSlack wants either the URL of a webhook, or a bot's token and a channel.
func checkSlack(values map[string]string) string {
	if values["url"] == "" && (values["token"] == "" || values["channel"] == "") {
		return "url is missing: URL of the incoming webhook; or give token and channel"
	}
	return ""
}

// IsSlackBot reports whether a channel speaks to Slack as a bot.
func IsSlackBot(c fsm.ChannelSpec) bool { return c.Get("token") != "" && c.Get("channel") != "" }

func checkSlackToken(v string) string {
	if !strings.HasPrefix(v, "xoxb-") || len(v) < 20 || len(v) > 400 || !consistsOf(v, digits+letters+"-") {
		return "it must be the token of a bot, xoxb-…"
	}
	return ""
}

func checkSlackChannel(v string) string {
	name := strings.TrimPrefix(v, "#")
	if len(name) > 80 || name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || strings.ContainsRune("#@,<>&•", c) }) {
		return "it must be the ID of a channel, like C0123456789, or # and its name"
	}
	return ""
}

func checkChat(v string) string {
	name, isName := strings.CutPrefix(v, "@")
	if isName && consistsOf(name, digits+letters+"_") || consistsOf(strings.TrimPrefix(v, "-"), digits) && len(v) < 20 {
		return ""
	}
	return "it must be a number, or @ and the name of a public channel"
}

func checkNumber(v string) string {
	if !consistsOf(v, digits) || len(v) > 18 {
		return "it must be a number"
	}
	return ""
}

func checkTopic(v string) string {
	if !consistsOf(v, digits+letters+"_-") || len(v) > 64 {
		return "it must be 1 to 64 letters, digits, _ and -"
	}
	return ""
}

func checkRoutingKey(v string) string {
	if len(v) != 32 || !consistsOf(v, digits+letters) {
		return "it must be the 32 letters and digits of an Events API v2 integration"
	}
	return ""
}

// checkHeaderText checks what will stand in a header.
func checkHeaderText(v string) string {
	if len(v) > maxHeaderText || strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "it must be printable ASCII on one line"
	}
	return ""
}

func checkUserName(v string) string {
	if strings.Contains(v, ":") {
		return "it must have no colon"
	}
	return checkHeaderText(v)
}

func checkPath(v string) string {
	if !strings.HasPrefix(v, "/") || strings.ContainsAny(v, "\x00\n") || strings.HasSuffix(v, "/") || len(v) > maxHeaderText {
		return "it must be the absolute path of a program"
	}
	return ""
}

func checkLines(v string) string {
	if strings.Contains(v, "\x00") {
		return "it must have no NUL bytes"
	}
	return ""
}

// check says what is wrong with a value of a field, "" if nothing is.
func (f Field) check(v string) string {
	switch {
	case f.Values == nil:
		return f.Check(v)
	case !slices.Contains(f.Values, v):
		return "it must be one of " + strings.Join(f.Values, ", ")
	}
	return ""
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func consistsOf(v, of string) bool { return v != "" && strings.Trim(v, of) == "" }
