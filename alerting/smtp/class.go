package smtp

import (
	"errors"
	"regexp"
)

// Class is what an error of a transaction means for the message.
type Class int

// The classes, and what follows from them.
const (
	Unsent    Class = iota // try again: this node did not complete the message
	Trouble                // try again: the network, the server, or what it thinks of this machine
	Refused                // try again for a day: the server does not take this message now, or by its rules
	Permanent              // the server will never take this message
	InDoubt                // the dot went out and no answer came
)

// WhileConnecting reports whether an error came before a message was begun.
func WhileConnecting(err error) bool {
	var se *sendError
	return errors.As(err, &se) && se.phase == phaseConnect
}

// Classify says what an error means. Only what is surely the recipient's or the message's fault
// is permanent. A server that does not like this machine's name, address, sender or login
// refuses every message, and mending that must not cost alerts.
func Classify(err error) Class {
	var se *sendError
	var answer *Error
	switch {
	case errors.Is(err, errLate) || !errors.As(err, &se):
		return Unsent
	case se.phase == phaseConnect:
		return Trouble
	case errors.As(err, &answer):
		return classifyReply(answer.Reply)
	case se.phase == phaseDot:
		return InDoubt
	}
	return Trouble
}

// classifyReply classifies what a server said about a message.
func classifyReply(r Reply) Class {
	switch {
	case isAboutUs(r):
		return Trouble
	case r.Code < 500 || isByPolicy(r):
		return Refused
	}
	return Permanent
}

// Subjects of codes of RFC 3463.
var (
	aboutSender    = regexp.MustCompile(`^[45]\.1\.[78]$`)                  // its address or its domain
	aboutSystem    = regexp.MustCompile(`^4\.3\.[0125]$`)                   // storage, shutdown, configuration
	aboutRecipient = regexp.MustCompile(`^5\.(1\.([12346]|10)|2\.[0134])$`) // unknown, moved, disabled
	aboutPolicy    = regexp.MustCompile(`^5\.(7\.\d+|4\.\d+|3\.2|2\.2)$`)   // policy, routes, a full mailbox
)

// Words of servers that give no such code, or one that says little.
var (
	textAboutUs      = regexp.MustCompile(`(?i)\b(helo|ehlo|client host|sender|send as|reverse dns|reverse hostname|rdns|ptr record|authentication required|must authenticate|not authenticated|fully-qualified)\b`)
	textAboutUnknown = regexp.MustCompile(`(?i)unknown|no such|not exist|n't exist|invalid (recipient|mailbox|address)|mailbox (unavailable|not found)|unroutea?ble`)
	textAboutPolicy  = regexp.MustCompile(`(?i)denied|relay|prohibit|policy|permitted|allowed|block|blacklist|reject|listed|spam|dkim|dmarc|reputation|too many|rate limit|quota|full|storage|try again|later`)
)

// isAboutUs reports whether a refusal means this machine, its sender or its login, or the
// server itself. Many servers keep such words until a recipient is named.
func isAboutUs(r Reply) bool {
	switch r.Code {
	case 421, 500, 502, 503, 504, 521, 530, 534, 535, 538:
		return true
	}
	code := r.Enhanced()
	return aboutSystem.MatchString(code) || aboutSender.MatchString(code) ||
		!aboutRecipient.MatchString(code) && textAboutUs.MatchString(r.Text())
}

// isByPolicy reports whether a message was refused for good by rules that a person may
// change, and not because the recipient does not exist.
func isByPolicy(r Reply) bool {
	if code := r.Enhanced(); code != "" {
		return aboutPolicy.MatchString(code)
	}
	return !textAboutUnknown.MatchString(r.Text()) && textAboutPolicy.MatchString(r.Text())
}
