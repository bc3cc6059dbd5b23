package alerting

import (
	"context"
	"errors"
	"time"
)

// transport opens connections to whatever takes the mails.
type transport interface {
	open(ctx context.Context) (session, error)
}

// session carries messages one after the other. After an error it is closed.
type session interface {
	// begin transfers a message up to, not including, the final dot.
	begin(ctx context.Context, from, to string, message []byte) error
	// check asks whether a message of this sender would be taken, and sends none.
	check(ctx context.Context, from string) error
	// finish sends the dot, not later than by, and waits for the answer.
	finish(by time.Time) error
	// said is the server's answer to the dot.
	said() string
	// abort cuts the connection; finish then returns. From any goroutine.
	abort()
	// close ends the connection; without a dot, what was begun is discarded.
	close()
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

func at(p phase, err error) error {
	if err == nil {
		return nil
	}
	return &sendError{p, err}
}
