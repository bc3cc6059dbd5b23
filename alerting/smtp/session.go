package smtp

import (
	"context"
	"fmt"
	"time"
)

type session struct {
	client *Client
	guard  *guardedConn
	begun  bool   // a message has begun
	answer string // to the last one
}

func (s *session) Transfer(ctx context.Context, from, to string, message []byte) error {
	stop := context.AfterFunc(ctx, func() { s.guard.Conn.Close() })
	defer stop()
	if err := s.nameSender(from); err != nil {
		return err
	}
	if err := s.client.Rcpt(to); err != nil {
		return during(phaseMessage, err)
	}
	s.begun = true
	return during(phaseMessage, s.client.Data(message))
}

func (s *session) nameSender(from string) error {
	if err := s.client.Mail(from); err != nil {
		return during(phaseConnect, fmt.Errorf("the server refused the sender %s of --mail-from: %w", from, err))
	}
	return nil
}

func (s *session) Complete(by time.Time) error {
	s.guard.notAfter(by)
	defer s.guard.notAfter(time.Time{})
	if !time.Now().Before(by) {
		return errLate
	}
	reply, err := s.client.Dot()
	if err != nil {
		return during(phaseDot, err)
	}
	s.answer = reply.String()
	s.begun = false
	return nil
}

// CheckSender asks whether the server would take a message of this sender.
func (s *session) CheckSender(ctx context.Context, from string) error {
	stop := context.AfterFunc(ctx, func() { s.guard.Conn.Close() })
	defer stop()
	if err := s.nameSender(from); err != nil {
		return err
	}
	return during(phaseConnect, s.client.Reset())
}

func (s *session) Answer() string { return s.answer }

func (s *session) Abort() { s.guard.Conn.Close() }

// Close says goodbye only between messages: within one, QUIT would be content.
func (s *session) Close() {
	if !s.begun {
		s.client.Limits = s.client.Limits.Within(time.Second)
		_ = s.client.Quit()
	}
	s.guard.Conn.Close()
}
