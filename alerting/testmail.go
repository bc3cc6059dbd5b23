package alerting

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// testLimit is for all of a test: somebody waits.
const testLimit = 12 * time.Second

// TestResult is what became of a test mail.
type TestResult struct {
	Recipient string
	Accepted  bool
	Answer    string // of the mail server, or why there is none
}

// TestMail sends a mail to one address, or to each of --mail-to, from this node and in the
// same way as an alert, but past the ledger. It takes 12 s at most. There are no results
// if there is no recipient.
func (s *Service) TestMail(ctx context.Context, to string) (results []TestResult) {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	recipients := []string{to}
	if to == "" {
		recipients = s.store.Settings().MailTo
	}
	for _, r := range recipients {
		answer, err := s.sendTest(ctx, r)
		if err != nil {
			answer = clipError(err)
		}
		results = append(results, TestResult{r, err == nil, answer})
	}
	return results
}

// sendTest sends a test mail to one address and returns the server's answer.
func (s *Service) sendTest(ctx context.Context, to string) (answer string, err error) {
	message, err := s.renderTestMail(to)
	if err != nil {
		return "", err
	}
	conn, err := s.server.Open(ctx)
	s.mail.set(err)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.Transfer(ctx, s.cfg.MailFrom, to, message); err != nil {
		return "", explainTimeout(ctx, err)
	}
	stop := context.AfterFunc(ctx, conn.Abort)
	defer stop()
	if err := conn.Complete(time.Now().Add(dotWindow)); err != nil {
		return "", explainTimeout(ctx, err)
	}
	return conn.Answer(), nil
}

// explainTimeout explains an error that the end of the test caused.
func explainTimeout(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the mail server did not answer within %v, of which alerts give it 10 min: %w", testLimit, err)
	}
	return err
}

func (s *Service) renderTestMail(to string) ([]byte, error) {
	var id [16]byte
	_, _ = rand.Read(id[:])
	a := fsm.Alert{ID: fsm.AlertID(id[:12]), Recipient: to, CreatedAt: time.Now(), MessageID: hex.EncodeToString(id[:]) + "@quorumbeat"}
	target := s.server.Target()
	server := target.Addr
	if target.Terminal {
		server = "the terminal"
	}
	return message.RenderTest(s.cfg.MailFrom, a, s.cfg.NodeName, server)
}
