package smtpsink

import (
	"errors"
	"net/smtp"
	"net/textproto"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const message = "Subject: =?utf-8?q?caf=C3=A9?=\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"

func TestSinkKeepsWhatItTakes(t *testing.T) {
	s := start(t, Config{})
	for _, to := range []string{"a@example.com", "b@example.com"} {
		if err := send(s, nil, to); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Mails("A@example.com")
	if len(got) != 1 || got[0].Subject != "café" || got[0].MessageID != "<1@example.com>" {
		t.Errorf("got %+v", got)
	}
	if n := len(s.Mails("")); n != 2 {
		t.Errorf("%d mails in all, want 2", n)
	}
}

func TestSinkFailsOnCommand(t *testing.T) {
	s := start(t, Config{})
	for _, stage := range []Stage{AtRcpt, AtData} {
		s.Fail(stage, 451)
		var answer *textproto.Error
		if err := send(s, nil, "a@example.com"); !errors.As(err, &answer) || answer.Code != 451 {
			t.Errorf("stage %d: got %v, want 451", stage, err)
		}
		s.Fail(stage, 0)
	}
	s.Down()
	if err := send(s, nil, "a@example.com"); err == nil {
		t.Error("a server that is down took a mail")
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	if err := send(s, nil, "a@example.com"); err != nil {
		t.Error(err)
	}
	if n := len(s.Mails("")); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func TestSinkHangsAtTheFinalDot(t *testing.T) {
	s := start(t, Config{})
	s.Hang(AtData)
	done := make(chan error, 1)
	go func() { done <- send(s, nil, "a@example.com") }()
	select {
	case err := <-done:
		t.Fatalf("answered while hanging: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	s.Resume()
	if err := <-done; err != nil || len(s.Mails("")) != 1 {
		t.Errorf("after Resume: %v, %d mails", err, len(s.Mails("")))
	}
}

func TestSinkDemandsAuth(t *testing.T) {
	s := start(t, Config{Username: "u", Password: "p"})
	if err := send(s, nil, "a@example.com"); err == nil {
		t.Error("took a mail without AUTH")
	}
	if err := send(s, smtp.PlainAuth("", "u", "wrong", "127.0.0.1"), "a@example.com"); err == nil {
		t.Error("took a wrong password")
	}
	if err := send(s, smtp.PlainAuth("", "u", "p", "127.0.0.1"), "a@example.com"); err != nil {
		t.Error(err)
	}
}

func start(t *testing.T, cfg Config) *Sink {
	t.Helper()
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		goleak.VerifyNone(t)
	})
	return s
}

func send(s *Sink, auth smtp.Auth, to string) error {
	return smtp.SendMail(s.Addr(), auth, "monitor@example.com", []string{to}, []byte(message))
}

func TestSinkLosesConnectionsAtTheAnswer(t *testing.T) {
	s := start(t, Config{})
	s.DropBeforeAnswer()
	if err := send(s, nil, "a@example.com"); err == nil {
		t.Error("an answer came")
	}
	s.DropAfterAnswer() // SendMail says QUIT to a server that is gone
	var answer *textproto.Error
	if err := send(s, nil, "a@example.com"); err == nil || errors.As(err, &answer) {
		t.Errorf("after the answer: %v, want a lost connection", err)
	}
	s.Keep()
	if err := send(s, nil, "a@example.com"); err != nil {
		t.Error(err)
	}
	if n := s.Counts()[Delivery{"<1@example.com>", "a@example.com"}]; n != 3 {
		t.Errorf("%d deliveries of it, want 3", n)
	}
}
