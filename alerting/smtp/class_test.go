package smtp

import (
	"errors"
	"io"
	"strconv"
	"testing"
)

func replyError(code int, text string) error {
	return &Error{Command: "X", Reply: Reply{Code: code, Lines: []string{text}}}
}

func TestJudge(t *testing.T) {
	answer := func(code int, text string) error {
		return &Error{Command: "X", Reply: Reply{Code: code, Lines: []string{text}}}
	}
	for name, c := range map[string]struct {
		err  error
		want Class
	}{
		"no connection":                       {during(phaseConnect, io.EOF), Trouble},
		"a login that is refused":             {during(phaseConnect, answer(535, "x")), Trouble},
		"a sender that is refused":            {during(phaseConnect, answer(550, "x")), Trouble},
		"a recipient that is refused":         {during(phaseMessage, answer(550, "x")), Permanent},
		"a recipient that is refused for now": {during(phaseMessage, answer(450, "x")), Refused},
		"a server that wants a login":         {during(phaseMessage, answer(530, "x")), Trouble},
		"a connection lost before the dot":    {during(phaseMessage, io.EOF), Trouble},
		"a message that is refused":           {during(phaseDot, answer(554, "x")), Permanent},
		"a message that is refused for now":   {during(phaseDot, answer(451, "x")), Refused},
		"a connection lost after the dot":     {during(phaseDot, io.ErrUnexpectedEOF), InDoubt},
		"a dot that was too late":             {errLate, Unsent},
		"a fence that was not confirmed":      {errors.New("no fence"), Unsent},
	} {
		if got := Classify(c.err); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestWhoseFaultARefusalIs has what real servers say to RCPT.
func TestWhoseFaultARefusalIs(t *testing.T) {
	for said, want := range map[string]Class{
		"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname":          Trouble, // Postfix, which tells it at RCPT
		"550 5.7.1 <host>: Helo command rejected: Host not found":                              Trouble,
		"450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]":       Trouble,
		"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example.org": Trouble,
		"550 5.1.8 <quorumbeat@localhost>: Sender address rejected: Domain not found":          Trouble,
		"553 5.7.1 <a@example.com>: Sender address rejected: not owned by user b":              Trouble,
		"550 5.7.60 SMTP; Client does not have permissions to send as this sender":             Trouble, // Exchange
		"550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)":                          Trouble, // Exim
		"550 Sender verify failed":                                                                          Trouble,
		"530 5.7.0 Must issue a STARTTLS command first":                                                     Trouble,
		"421 4.3.2 Service shutting down":                                                                   Trouble,
		"452 4.3.1 Insufficient system storage":                                                             Trouble,
		"451 4.3.0 <ops@example.com>: Temporary lookup failure":                                             Trouble,
		"554 5.7.1 <ops@example.com>: Relay access denied":                                                  Refused,
		"550 relay not permitted":                                                                           Refused, // Exim
		"550 Administrative prohibition":                                                                    Refused,
		"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)":                             Refused, // qmail
		"550 5.7.1 Command rejected":                                                                        Refused,
		"552 5.2.2 Mailbox full":                                                                            Refused,
		"450 4.2.0 <ops@example.com>: Recipient address rejected: Greylisted":                               Refused,
		"550 5.1.1 <ops@example.com>: Recipient address rejected: User unknown in local recipient table":    Permanent,
		"550 5.1.1 <sender@example.com> User unknown; rejecting":                                            Permanent,
		"556 5.1.10 <ops@example.com>: Recipient address rejected: Domain example.com does not accept mail": Permanent,
		"550 Unrouteable address":                                                                           Permanent, // Exim
		"550 No such user here":                                                                             Permanent,
		"550 5.2.1 The email account that you tried to reach is disabled":                                   Permanent,
		"501 5.1.3 Bad recipient address syntax":                                                            Permanent,
		"552 5.3.4 Message size exceeds fixed limit":                                                        Permanent,
	} {
		code, _ := strconv.Atoi(said[:3])
		err := during(phaseMessage, replyError(code, said[4:]))
		if got := Classify(err); got != want {
			t.Errorf("%s: %d, want %d", said, got, want)
		}
	}
}
