package alerting

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// smtpTransport speaks to one SMTP server.
type smtpTransport struct {
	target  SMTPTarget
	tls     *tls.Config   // for tests: nil means the system's roots
	dial    time.Duration // for connecting
	command time.Duration // for each answer but the last
	answer  time.Duration // for the answer to the final dot
	dotted  func()        // told when a dot is out; nil: nobody
}

func newSMTPTransport(t SMTPTarget) *smtpTransport {
	return &smtpTransport{target: t, dial: 10 * time.Second, command: 30 * time.Second, answer: 2 * time.Minute}
}

func (s *smtpTransport) tlsConfig() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.tls != nil {
		c = s.tls.Clone()
	}
	c.ServerName = s.target.Host
	return c
}

func (s *smtpTransport) open(ctx context.Context) (session, error) {
	conn, err := (&net.Dialer{Timeout: s.dial}).DialContext(ctx, "tcp", s.target.Addr)
	if err != nil {
		return nil, at(phaseConnect, fmt.Errorf("the SMTP server cannot be reached: %w", err))
	}
	guard := &guardedConn{Conn: conn, sent: s.dotted}
	conn.SetDeadline(time.Now().Add(s.command))
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	client, err := s.secure(guard)
	if err == nil {
		client.CommandTimeout, client.SubmissionTimeout = s.command, s.answer
		err = s.login(client)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, at(phaseConnect, err)
	}
	return &smtpSession{client: client, guard: guard}, nil
}

// secure greets the server, under TLS unless told otherwise.
func (s *smtpTransport) secure(conn net.Conn) (*smtp.Client, error) {
	switch s.target.Security {
	case StartTLS:
		c, err := smtp.NewClientStartTLS(conn, s.tlsConfig())
		if err != nil {
			return nil, fmt.Errorf("STARTTLS with %s failed: %w", s.target.Addr, err)
		}
		return c, nil
	case ImplicitTLS:
		return smtp.NewClient(tls.Client(conn, s.tlsConfig())), nil
	}
	return smtp.NewClient(conn), nil
}

func (s *smtpTransport) login(c *smtp.Client) error {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "localhost"
	}
	if s.target.Security != StartTLS { // which has said hello already
		if err := c.Hello(name); err != nil {
			return fmt.Errorf("%s did not greet: %w", s.target.Addr, err)
		}
	}
	if s.target.User == "" {
		return nil
	}
	var auth sasl.Client = sasl.NewPlainClient("", s.target.User, s.target.Password)
	if !c.SupportsAuth(sasl.Plain) && c.SupportsAuth(sasl.Login) {
		auth = sasl.NewLoginClient(s.target.User, s.target.Password)
	}
	if err := c.Auth(auth); err != nil {
		return fmt.Errorf("%s refused the login of %s: %w", s.target.Addr, s.target.User, err)
	}
	return nil
}

// guardedConn refuses to write once its time has passed, so that no dot leaves
// late, however long a process was stopped on its way here.
type guardedConn struct {
	net.Conn
	sent func()       // told of what was written under a guard; nil: nobody
	by   atomic.Int64 // ns after processStart, by the monotonic clock; 0: none
}

// processStart is the zero of guards: steps of the wall clock do not move them.
var processStart = time.Now()

func (g *guardedConn) guard(by time.Time) {
	if by.IsZero() {
		g.by.Store(0)
		return
	}
	g.by.Store(int64(by.Sub(processStart)))
}

func (g *guardedConn) Write(b []byte) (int, error) {
	if by := g.by.Load(); by != 0 && int64(time.Since(processStart)) > by {
		return 0, errLate
	}
	n, err := g.Conn.Write(b)
	if g.by.Load() != 0 && err == nil && g.sent != nil {
		g.sent()
	}
	return n, err
}

type smtpSession struct {
	client *smtp.Client
	guard  *guardedConn
	data   *smtp.DataCommand
}

func (s *smtpSession) begin(ctx context.Context, from, to string, message []byte) (err error) {
	stop := context.AfterFunc(ctx, func() { s.guard.Conn.Close() })
	defer stop()
	if err := s.client.Mail(from, nil); err != nil {
		return at(phaseConnect, fmt.Errorf("the server refused the sender %s: %w", from, err))
	}
	if err := s.client.Rcpt(to, nil); err != nil {
		return at(phaseMessage, err)
	}
	if s.data, err = s.client.Data(); err != nil {
		return at(phaseMessage, err)
	}
	if _, err := s.data.Write(message); err != nil {
		return at(phaseMessage, err)
	}
	return nil
}

func (s *smtpSession) finish(by time.Time) error {
	s.guard.guard(by)
	defer s.guard.guard(time.Time{})
	if !time.Now().Before(by) {
		return errLate
	}
	if err := s.data.Close(); err != nil {
		return at(phaseDot, err)
	}
	s.data = nil
	return nil
}

func (s *smtpSession) abort() { s.guard.Conn.Close() }

// close says goodbye only between messages: within one, QUIT would be content.
func (s *smtpSession) close() {
	if s.data == nil {
		s.client.CommandTimeout = time.Second
		s.client.Quit()
	}
	s.guard.Conn.Close()
}
