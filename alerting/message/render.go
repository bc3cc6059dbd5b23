package message

import (
	"bytes"
	_ "embed"
	html "html/template"
	"strings"
	text "text/template"

	"github.com/wneessen/go-mail"

	"github.com/quorumbeat/quorumbeat/fsm"
)

//go:embed mail.txt.tmpl
var textSource string

//go:embed mail.html.tmpl
var htmlSource string

var (
	textTemplate = text.Must(text.New("text").Parse(textSource))
	htmlTemplate = html.Must(html.New("html").Parse(htmlSource))
)

// Render makes the mail of a row: the same bytes on every attempt, but for the
// word that it may be a repeat, and what is told of its heartbeat if that changed. members are those of a digest.
func Render(from string, a fsm.Alert, members []fsm.Alert, p Options) ([]byte, error) {
	c := compose(a, members)
	c.useOwn(p.Own, a, p)
	c.Act, c.Page = p.Act, p.Page(a)
	return renderContent(from, a, c, setAlertHeaders)
}

// renderContent writes what an alert says as a MIME message. Of the row it takes only the
// envelope: ID, recipient, time and Message-ID.
func renderContent(from string, a fsm.Alert, c content, headers func(*mail.Msg, fsm.Alert)) ([]byte, error) {
	var plain, rich bytes.Buffer
	if err := textTemplate.Execute(&plain, c); err != nil {
		return nil, err
	}
	if err := htmlTemplate.Execute(&rich, c); err != nil {
		return nil, err
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary("quorumbeat-"+a.ID.String()))
	if err := m.FromFormat("quorumbeat", from); err != nil {
		return nil, err
	}
	if err := m.To(a.Address()); err != nil {
		return nil, err
	}
	m.SetGenHeaderPreformatted(mail.HeaderSubject, encodeSubject(OneLine(c.Subject)))
	m.SetDateWithValue(a.CreatedAt)
	m.SetMessageIDWithValue(a.MessageID)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All")
	m.SetGenHeader(mail.HeaderPrecedence, "bulk")
	m.SetGenHeader("List-Id", "quorumbeat <alerts.quorumbeat."+domainOf(from)+">")
	headers(m, a)
	m.SetBodyString(mail.TypeTextPlain, plain.String())
	m.AddAlternativeString(mail.TypeTextHTML, rich.String())
	var out bytes.Buffer
	_, err := m.WriteTo(&out)
	return out.Bytes(), err
}

// setAlertHeaders tells programs which alert it is, and ties a recovery to its alert.
func setAlertHeaders(m *mail.Msg, a fsm.Alert) {
	m.SetGenHeader("X-Quorumbeat-Alert", a.ID.String())
	m.SetGenHeader("X-Quorumbeat-Kind", a.Kind.String())
	if a.Kind != fsm.AlertDigest {
		m.SetGenHeader("X-Quorumbeat-Heartbeat", a.Heartbeat.String())
		if a.Kind != fsm.AlertCanary {
			m.SetGenHeader("X-Quorumbeat-Incident", a.IncidentID())
		}
	}
	if a.Kind == fsm.AlertCanary {
		m.SetGenHeader("X-Quorumbeat-Ask", OneLine(a.Evidence.System.Detail))
	}
	if a.Answers != "" {
		m.SetGenHeader(mail.HeaderInReplyTo, "<"+a.Answers+">")
		m.SetGenHeader(mail.HeaderReferences, "<"+a.Answers+">")
	}
	if a.InDoubt {
		m.SetGenHeader("X-Quorumbeat-Possible-Duplicate", "yes")
	}
}

// domainOf is the domain of an address, as it may stand in a List-Id.
func domainOf(addr string) string {
	_, domain, _ := strings.Cut(addr, "@")
	if domain == "" || strings.ContainsFunc(domain, func(c rune) bool {
		return c != '.' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) {
		return "localhost"
	}
	return strings.ToLower(domain)
}
