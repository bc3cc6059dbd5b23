package request

import "strings"

// Problem is an error that says itself what a client sees.
type Problem struct {
	Status int
	Code   string // for machines
	Words  string // for people
	Retry  string // seconds for Retry-After; "": none
	Allow  string // the methods that the path takes, of a 405
}

func (p *Problem) Error() string { return p.Words }

// NewProblem is a problem that trying again does not mend.
func NewProblem(status int, code, words string) *Problem {
	return &Problem{Status: status, Code: code, Words: words}
}

// What is wrong with requests of any kind.
var (
	ErrNotFound  = NewProblem(404, "not_found", "not found")
	ErrMalformed = NewProblem(400, "malformed_request", "this is not an HTTP request that can be understood")
	ErrTimeout   = NewProblem(408, "timeout", "the request did not arrive in time")
)

// BadRequest is a 400 with words of its own.
func BadRequest(words string) error { return NewProblem(400, "invalid_request", words) }

// NotAllowed is a 405 of a path that takes other methods.
func NotAllowed(methods ...string) error {
	allow := strings.Join(methods, ", ")
	p := NewProblem(405, "method_not_allowed", "this address takes "+allow)
	p.Allow = allow
	return p
}
