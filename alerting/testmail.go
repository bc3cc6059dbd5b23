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
		answer, err := s.testOne(ctx, r)
		if err != nil {
			answer = clipError(err)
		}
		results = append(results, TestResult{r, err == nil, answer})
	}
	return results
}

func (s *Service) testOne(ctx context.Context, to string) (answer string, err error) {
	message, err := s.testMessage(to)
	if err != nil {
		return "", err
	}
	conn, err := s.transport.open(ctx)
	s.health.note(err)
	if err != nil {
		return "", err
	}
	defer conn.close()
	if err := conn.begin(ctx, s.cfg.MailFrom, to, message); err != nil {
		return "", inTime(ctx, err)
	}
	stop := context.AfterFunc(ctx, conn.abort)
	defer stop()
	if err := conn.finish(time.Now().Add(dotWindow)); err != nil {
		return "", inTime(ctx, err)
	}
	return conn.said(), nil
}

// inTime explains an error that the end of the test caused.
func inTime(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the mail server did not answer within %v, of which alerts give it 10 min: %w", testLimit, err)
	}
	return err
}

func (s *Service) testMessage(to string) ([]byte, error) {
	var id [16]byte
	_, _ = rand.Read(id[:])
	a := fsm.Alert{ID: fsm.AlertID(id[:12]), Recipient: to, CreatedAt: time.Now(), MessageID: hex.EncodeToString(id[:]) + "@quorumbeat"}
	target, _ := ParseSMTPURL(s.cfg.SMTPURL)
	server := target.Addr
	if target.Terminal {
		server = "the terminal"
	}
	return message.RenderTest(s.cfg.MailFrom, a, s.cfg.NodeName, server)
}
