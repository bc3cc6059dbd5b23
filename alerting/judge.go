package alerting

import (
	"errors"
	"regexp"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
)

// verdict is what an error of a transaction means for the alert.
type verdict int

const (
	unsent   verdict = iota // try again: this node did not complete the message
	trouble                 // try again: the network, the server, or what it thinks of this machine
	refused                 // try again for a day: the server does not take this message now, or by its rules
	lasting                 // the server will never take this message, or it cannot be written
	doubtful                // the dot went out and no answer came
)

// errUnmailable says that a message could not be written.
var errUnmailable = errors.New("the mail cannot be written")

// judge classifies an error. Only what is surely the recipient's or the message's fault is
// lasting. A server that does not like this machine's name, address, sender or login
// refuses every message, and mending that must not cost alerts.
func judge(err error) verdict {
	var se *sendError
	var answer *smtp.Error
	switch {
	case errors.Is(err, errUnmailable):
		return lasting
	case errors.Is(err, errLate) || !errors.As(err, &se):
		return unsent
	case se.phase == phaseConnect:
		return trouble
	case errors.As(err, &answer):
		return judgeAnswer(answer.Reply)
	case se.phase == phaseDot:
		return doubtful
	}
	return trouble
}

// judgeAnswer classifies what a server said about a message.
func judgeAnswer(r smtp.Reply) verdict {
	switch {
	case aboutUs(r):
		return trouble
	case r.Code < 500 || byRules(r):
		return refused
	}
	return lasting
}

// Subjects of codes of RFC 3463.
var (
	aboutSender    = regexp.MustCompile(`^[45]\.1\.[78]$`)                  // its address or its domain
	aboutSystem    = regexp.MustCompile(`^4\.3\.[0125]$`)                   // storage, shutdown, configuration
	aboutRecipient = regexp.MustCompile(`^5\.(1\.([12346]|10)|2\.[0134])$`) // unknown, moved, disabled
	aboutRules     = regexp.MustCompile(`^5\.(7\.\d+|4\.\d+|3\.2|2\.2)$`)   // policy, routes, a full mailbox
)

// Words of servers that give no such code, or one that says little.
var (
	wordsOfUs      = regexp.MustCompile(`(?i)\b(helo|ehlo|client host|sender|send as|reverse dns|reverse hostname|rdns|ptr record|authentication required|must authenticate|not authenticated|fully-qualified)\b`)
	wordsOfUnknown = regexp.MustCompile(`(?i)unknown|no such|not exist|n't exist|invalid (recipient|mailbox|address)|mailbox (unavailable|not found)|unroutea?ble`)
	wordsOfRules   = regexp.MustCompile(`(?i)denied|relay|prohibit|policy|permitted|allowed|block|blacklist|reject|listed|spam|dkim|dmarc|reputation|too many|rate limit|quota|full|storage|try again|later`)
)

// aboutUs reports whether a refusal means this machine, its sender or its login, or the
// server itself. Many servers keep such words until a recipient is named.
func aboutUs(r smtp.Reply) bool {
	switch r.Code {
	case 421, 500, 502, 503, 504, 521, 530, 534, 535, 538:
		return true
	}
	code := r.Enhanced()
	return aboutSystem.MatchString(code) || aboutSender.MatchString(code) ||
		!aboutRecipient.MatchString(code) && wordsOfUs.MatchString(r.Text())
}

// byRules reports whether a message was refused for good by rules that a person may
// change, and not because the recipient does not exist.
func byRules(r smtp.Reply) bool {
	if code := r.Enhanced(); code != "" {
		return aboutRules.MatchString(code)
	}
	return !wordsOfUnknown.MatchString(r.Text()) && wordsOfRules.MatchString(r.Text())
}
