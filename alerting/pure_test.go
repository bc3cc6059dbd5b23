package alerting

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestNextTick(t *testing.T) {
	for name, c := range map[string]struct {
		clock clock
		want  time.Duration
	}{
		"nothing is due":                        {clock{serving: 5000, horizon: 4000}, tickEvery},
		"a deadline is far off":                 {clock{serving: 5000, horizon: 4000, due: 60_000, running: true}, tickEvery},
		"a deadline comes before the next tick": {clock{serving: 5000, horizon: 4000, due: 5300, running: true}, 300 * time.Millisecond},
		"a deadline has passed":                 {clock{serving: 5000, horizon: 4000, due: 4900, running: true}, tickSoon},
		"a deadline passes now":                 {clock{serving: 5000, horizon: 4000, due: 5000, running: true}, tickSoon},
		"the dispatcher waits for a time":       {clock{serving: 5000, horizon: 4000, awaited: 5400}, 400 * time.Millisecond},
		"the time that it waited for has come":  {clock{serving: 5000, horizon: 4000, awaited: 5000}, tickEvery},
		"judging goes on":                       {clock{serving: 5000, horizon: 4999, due: 100, running: true}, tickSoon},
	} {
		if got := nextTick(c.clock); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestParseSMTPURL(t *testing.T) {
	for raw, want := range map[string]SMTPTarget{
		"stdout:":                               {Terminal: true},
		"smtp://mail.example.com":               {Addr: "mail.example.com:587", Host: "mail.example.com", Security: StartTLS},
		"smtps://mail.example.com":              {Addr: "mail.example.com:465", Host: "mail.example.com", Security: ImplicitTLS},
		"smtp://mail.example.com?tls=none":      {Addr: "mail.example.com:25", Host: "mail.example.com", Security: NoTLS},
		"smtp://a:p%40ss@[::1]:2525?tls=none":   {Addr: "[::1]:2525", Host: "::1", Security: NoTLS, User: "a", Password: "p@ss"},
		"smtp://u@example.com:26/?tls=implicit": {Addr: "example.com:26", Host: "example.com", Security: ImplicitTLS, User: "u"},
		"smtp://u:secret@example.com?tls=none":  {},
		"smtp://u:secret@example.com?tls=maybe": {},
		"smtp://u:secret@example.com?TLS=none":  {},
		"http://u:secret@example.com":           {},
		"smtp://u:secret@":                      {},
		"smtp://u:sec ret%@example.com":         {},
		"smtp://u:secret@example.com/path":      {},
		"":                                      {},
		"example.com:25":                        {},
		"smtp://u:secret@example.com:notaport":  {},

		"smtps://u:secret@example.com?tls=none":             {},
		"smtps://u:secret@example.com?tls=starttls":         {},
		"smtps://example.com?tls=none":                      {},
		"smtps://u:x@example.com?tls=implicit":              {Addr: "example.com:465", Host: "example.com", Security: ImplicitTLS, User: "u", Password: "x"},
		"smtp://u:secret@example.com?tls=starttls&tls=none": {},
		"smtp://u:secret@example.com?tls=":                  {},
		"smtp://:secret@example.com":                        {},
		"smtp://u:secret@example.com#x":                     {},
		"smtp://u:secret@example.com:0":                     {},
		"smtp://u:secret@example.com:65536":                 {},
	} {
		got, err := ParseSMTPURL(raw)
		if got != want || (err != nil) != (want == SMTPTarget{}) {
			t.Errorf("%q: %+v, %v", raw, got, err)
		}
		if err != nil && (!errors.Is(err, ErrConfig) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec ret")) {
			t.Errorf("%q: the error %q is no configuration error or shows the password", raw, err)
		}
	}
}

func replyError(code int, text string) error {
	return &smtp.Error{Command: "X", Reply: smtp.Reply{Code: code, Lines: []string{text}}}
}

func TestJudge(t *testing.T) {
	answer := func(code int, text string) error {
		return &smtp.Error{Command: "X", Reply: smtp.Reply{Code: code, Lines: []string{text}}}
	}
	for name, c := range map[string]struct {
		err  error
		want verdict
	}{
		"no connection":                       {at(phaseConnect, io.EOF), trouble},
		"a login that is refused":             {at(phaseConnect, answer(535, "x")), trouble},
		"a sender that is refused":            {at(phaseConnect, answer(550, "x")), trouble},
		"a recipient that is refused":         {at(phaseMessage, answer(550, "x")), lasting},
		"a recipient that is refused for now": {at(phaseMessage, answer(450, "x")), refused},
		"a server that wants a login":         {at(phaseMessage, answer(530, "x")), trouble},
		"a connection lost before the dot":    {at(phaseMessage, io.EOF), trouble},
		"a message that is refused":           {at(phaseDot, answer(554, "x")), lasting},
		"a message that is refused for now":   {at(phaseDot, answer(451, "x")), refused},
		"a connection lost after the dot":     {at(phaseDot, io.ErrUnexpectedEOF), doubtful},
		"a dot that was too late":             {errLate, unsent},
		"a fence that was not confirmed":      {errNoFence, unsent},
		"a mail that cannot be written":       {fmt.Errorf("%w: x", errUnmailable), lasting},
	} {
		if got := judge(c.err); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestWhoseFaultARefusalIs has what real servers say to RCPT.
func TestWhoseFaultARefusalIs(t *testing.T) {
	for said, want := range map[string]verdict{
		"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname":          trouble, // Postfix, which tells it at RCPT
		"550 5.7.1 <host>: Helo command rejected: Host not found":                              trouble,
		"450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]":       trouble,
		"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example.org": trouble,
		"550 5.1.8 <quorumbeat@localhost>: Sender address rejected: Domain not found":          trouble,
		"553 5.7.1 <a@example.com>: Sender address rejected: not owned by user b":              trouble,
		"550 5.7.60 SMTP; Client does not have permissions to send as this sender":             trouble, // Exchange
		"550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)":                          trouble, // Exim
		"550 Sender verify failed":                                                                          trouble,
		"530 5.7.0 Must issue a STARTTLS command first":                                                     trouble,
		"421 4.3.2 Service shutting down":                                                                   trouble,
		"452 4.3.1 Insufficient system storage":                                                             trouble,
		"451 4.3.0 <ops@example.com>: Temporary lookup failure":                                             trouble,
		"554 5.7.1 <ops@example.com>: Relay access denied":                                                  refused,
		"550 relay not permitted":                                                                           refused, // Exim
		"550 Administrative prohibition":                                                                    refused,
		"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)":                             refused, // qmail
		"550 5.7.1 Command rejected":                                                                        refused,
		"552 5.2.2 Mailbox full":                                                                            refused,
		"450 4.2.0 <ops@example.com>: Recipient address rejected: Greylisted":                               refused,
		"550 5.1.1 <ops@example.com>: Recipient address rejected: User unknown in local recipient table":    lasting,
		"550 5.1.1 <sender@example.com> User unknown; rejecting":                                            lasting,
		"556 5.1.10 <ops@example.com>: Recipient address rejected: Domain example.com does not accept mail": lasting,
		"550 Unrouteable address":                                                                           lasting, // Exim
		"550 No such user here":                                                                             lasting,
		"550 5.2.1 The email account that you tried to reach is disabled":                                   lasting,
		"501 5.1.3 Bad recipient address syntax":                                                            lasting,
		"552 5.3.4 Message size exceeds fixed limit":                                                        lasting,
	} {
		code, _ := strconv.Atoi(said[:3])
		err := at(phaseMessage, replyError(code, said[4:]))
		if got := judge(err); got != want {
			t.Errorf("%s: %d, want %d", said, got, want)
		}
	}
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	for n := uint32(1); n < 100; n++ {
		d := backoff(n)
		if d < firstRetry*3/4 || d > lastRetry*5/4 {
			t.Errorf("attempt %d: %v", n, d)
		}
	}
	if backoff(1) > 2*firstRetry || backoff(20) < lastRetry/2 {
		t.Error("it does not grow")
	}
}
