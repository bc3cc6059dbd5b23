package expr

import (
	"fmt"
	"strings"
)

// Error says what is wrong with an expression.
type Error struct {
	Expression string // as it was given
	Field      string // "minute", "day of month", "weekday"; "expression" for the whole
	Value      string // the part that is wrong; empty if it is the whole
	Reason     string // goes on from field and value: "is more than 59"
	Suggestion string // a near expression that works; empty if none was found
}

// Error is one sentence, and what would work.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Expression != "" {
		fmt.Fprintf(&b, "%q: ", e.Expression)
	}
	b.WriteString(e.Field)
	if e.Value != "" {
		fmt.Fprintf(&b, " %q", e.Value)
	}
	b.WriteString(" " + e.Reason)
	if e.Suggestion != "" {
		fmt.Fprintf(&b, "; %q would work", e.Suggestion)
	}
	return b.String()
}
