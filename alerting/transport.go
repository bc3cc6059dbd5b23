package alerting

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-smtp"
)

// transport opens connections to whatever takes the mails.
type transport interface {
	open(ctx context.Context) (session, error)
}

// session carries messages one after the other. After an error it is closed.
type session interface {
	// begin transfers a message up to, not including, the final dot.
	begin(ctx context.Context, from, to string, message []byte) error
	// finish sends the dot, not later than by, and waits for the answer.
	finish(by time.Time) error
	// abort cuts the connection; finish then returns. From any goroutine.
	abort()
	// close ends the connection; without a dot, what was begun is discarded.
	close()
}

// errLate says that the dot was not sent, because its time had passed.
var errLate = errors.New("the fence took too long: the message was not completed")

// verdict is what an error of a transaction means for the alert.
type verdict int

const (
	passing  verdict = iota // try again: the server, the network or the login
	refused                 // try again: the server refused this message for now (4xx)
	lasting                 // the server will never take this message (5xx)
	doubtful                // the dot went out and no answer came
)

// phase tells apart what an SMTP answer is about.
type phase int

const (
	phaseConnect phase = iota // greeting, TLS, login, MAIL FROM: about us, not about the message
	phaseMessage              // RCPT, DATA
	phaseDot                  // after the final dot
)

// sendError is an error with the phase in which it came.
type sendError struct {
	phase phase
	err   error
}

func (e *sendError) Error() string { return e.err.Error() }
func (e *sendError) Unwrap() error { return e.err }

func at(p phase, err error) error {
	if err == nil {
		return nil
	}
	return &sendError{p, err}
}

// judge classifies an error. A refused MAIL FROM counts as ours: the sender's
// address or the relay's rights are wrong for every message, and mending them must
// not cost alerts.
func judge(err error) verdict {
	var se *sendError
	var answer *smtp.SMTPError
	if errors.Is(err, errLate) || !errors.As(err, &se) || se.phase == phaseConnect {
		return passing
	}
	switch isAnswer := errors.As(err, &answer); {
	case isAnswer && answer.Code >= 500 && answer.Code != 521 && answer.Code != 530 && answer.Code != 535:
		return lasting
	case isAnswer:
		return refused
	case se.phase == phaseDot:
		return doubtful
	}
	return passing
}
