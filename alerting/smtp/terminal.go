package smtp

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

func (t *terminal) Open(context.Context) (Session, error) { return &terminalSession{to: t}, nil }

type terminalSession struct {
	to   *terminal
	text string
}

func (s *terminalSession) Transfer(_ context.Context, _, to string, message []byte) error {
	text, err := readableText(to, message)
	s.text = text
	return during(phaseMessage, err)
}

func (s *terminalSession) Complete(by time.Time) error {
	if !time.Now().Before(by) {
		return errLate
	}
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	_, err := io.WriteString(s.to.out, s.text)
	return during(phaseMessage, err)
}

func (s *terminalSession) CheckSender(context.Context, string) error { return nil }

func (s *terminalSession) Answer() string { return "shown on the terminal of the node" }
func (s *terminalSession) Abort()         {}
func (s *terminalSession) Close()         {}

// readableText makes of a message what a person would see of its text part.
func readableText(to string, message []byte) (string, error) {
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
