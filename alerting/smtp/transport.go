package smtp

import (
	"context"
	"errors"
	"time"
)

// Transport opens connections to whatever takes the mails.
type Transport interface {
	Open(ctx context.Context) (Session, error)
}

// Session carries messages one after the other. After an error it is closed.
type Session interface {
	// Transfer sends a message up to, not including, the final dot.
	Transfer(ctx context.Context, from, to string, message []byte) error
	// CheckSender asks whether a message of this sender would be taken, and sends none.
	CheckSender(ctx context.Context, from string) error
	// Complete sends the dot, not later than by, and waits for the answer.
	Complete(by time.Time) error
	// Answer is the server's answer to the dot.
	Answer() string
	// Abort cuts the connection; Complete then returns. From any goroutine.
	Abort()
	// Close ends the connection; without a dot, what was begun is discarded.
	Close()
}

// errLate says that the dot was not sent, because its time had passed.
var errLate = errors.New("the fence took too long: the message was not completed")

// phase tells apart what an error is about.
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

// during gives an error the phase in which it came.
func during(p phase, err error) error {
	if err == nil {
		return nil
	}
	return &sendError{p, err}
}
