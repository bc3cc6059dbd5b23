package alerting

import (
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync"
	"time"
)

// terminal shows mails instead of sending them, for development. It goes through
// the same steps as SMTP.
type terminal struct {
	mu  sync.Mutex
	out io.Writer
}

func (t *terminal) open(context.Context) (session, error) { return &terminalSession{to: t}, nil }

type terminalSession struct {
	to   *terminal
	text string
}

func (s *terminalSession) begin(_ context.Context, _, to string, message []byte) error {
	text, err := readable(to, message)
	s.text = text
	return at(phaseMessage, err)
}

func (s *terminalSession) finish(by time.Time) error {
	if !time.Now().Before(by) {
		return errLate
	}
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	_, err := io.WriteString(s.to.out, s.text)
	return at(phaseMessage, err)
}

func (s *terminalSession) check(context.Context, string) error { return nil }

func (s *terminalSession) said() string { return "shown on the terminal of the node" }
func (s *terminalSession) abort()       {}
func (s *terminalSession) close()       {}

// readable makes of a message what a person would see of its text part.
func readable(to string, message []byte) (string, error) {
	m, err := mail.ReadMessage(strings.NewReader(string(message)))
	if err != nil {
		return "", err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return "", err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart()
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		return "", err
	}
	rule := strings.Repeat("─", 72)
	return fmt.Sprintf("%s\nTo:      %s\nSubject: %s\n\n%s%s\n", rule, to, subject, strings.ReplaceAll(string(body), "\r\n", "\n"), rule), nil
}
