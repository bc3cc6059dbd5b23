package smtp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	sasl "github.com/wneessen/go-mail/smtp"
)

// Auth logs in by the first mechanism of ours that the server offers. The caller sees
// to it that a password goes only over a connection that is protected or local.
func (c *Client) Auth(user, password string) error {
	params, ok := c.Offers("AUTH")
	if !ok {
		return errors.New("the mail server offers no login (AUTH), though --smtp-url names a user: leave the user out if it needs none, or use the port for submission, 587 or 465")
	}
	offered := strings.Fields(params)
	for _, m := range c.mechanisms(user, password) {
		if slices.Contains(offered, m.name) {
			return c.login(m)
		}
	}
	return fmt.Errorf("the mail server offers the logins %s; this program knows PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-1 and CRAM-MD5", strings.Join(offered, ", "))
}

// mechanism is a way to log in. PLAIN also answers an empty challenge, for servers that
// did not take its first word with the command.
type mechanism struct {
	name string
	sasl.Auth
}

// mechanisms are in the order of preference. PLAIN comes first: a server that has only
// hashes of its passwords may offer others in vain.
func (c *Client) mechanisms(user, password string) []mechanism {
	const host = "" // which connections are safe was decided before
	return []mechanism{
		{"PLAIN", sasl.PlainAuth("", user, password, host, true)},
		{"LOGIN", sasl.LoginAuth(user, password, host, true)},
		{"SCRAM-SHA-256", sasl.ScramSHA256Auth(user, password)},
		{"SCRAM-SHA-1", sasl.ScramSHA1Auth(user, password)},
		{"CRAM-MD5", sasl.CRAMMD5Auth(user, password)},
	}
}

func (c *Client) login(m mechanism) error {
	_, first, err := m.Start(&sasl.ServerInfo{TLS: c.secure})
	if err != nil {
		return err
	}
	r, err := c.command(334, c.Limits.Command, "AUTH", strings.TrimSpace(m.name+" "+encode(first)))
	for round := 0; ; round++ {
		if err = accepted(r, err); err != nil || r.Code == 235 {
			return err
		}
		answer := first
		if m.name != "PLAIN" || round > 0 {
			answer, err = m.answer(r)
		}
		if err != nil {
			_, _ = c.command(235, c.Limits.Command, "*", "")
			return fmt.Errorf("the mail server's login %s cannot be followed: %w", m.name, err)
		}
		r, err = c.command(334, c.Limits.Command, encode(answer), "")
	}
}

// accepted lets both replies pass that a login goes on with. What was sent stays out of
// the error.
func accepted(r Reply, err error) error {
	var refusal *Error
	if errors.As(err, &refusal) {
		if r.Code == 235 {
			return nil
		}
		refusal.Command = "AUTH"
	}
	return err
}

func (m mechanism) answer(r Reply) ([]byte, error) {
	challenge, err := base64.StdEncoding.DecodeString(r.Lines[0])
	if err != nil && m.name != "LOGIN" { // whose challenges mean nothing
		return nil, err
	}
	return m.Next(challenge, true)
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
