package channel

import (
	"errors"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
)

// Class is what an error means for the row.
type Class int

// The classes, and what follows from them.
const (
	Trouble Class = iota // nothing was sent, or not taken: try again, and ask only for one row until then
	Unsent               // this node did not begin in time: try again
	Refused              // the service will never take this message
	InDoubt              // it may have been taken
)

// Error is an error with what it means.
type Error struct {
	Class Class
	After time.Duration // that the service asks to wait; 0: it does not say
	err   error
}

func (e *Error) Error() string { return e.err.Error() }
func (e *Error) Unwrap() error { return e.err }

// WithClass gives an error its meaning.
func WithClass(c Class, err error) error { return &Error{Class: c, err: err} }

// Classify says what an error means. One without a class came before anything was sent.
func Classify(err error) Class {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Class
	case errors.Is(err, outgoing.ErrLate):
		return Unsent
	case errors.Is(err, outgoing.ErrNoAnswer):
		return InDoubt
	}
	return Trouble
}

// RetryAfter returns how long the service asks to wait; 0 if it does not say.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}
