package alerting

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
)

// dialLimit is for connecting. A server that is there but busy has its own limits.
const dialLimit = 10 * time.Second

// smtpTransport speaks to one SMTP server.
type smtpTransport struct {
	target SMTPTarget
	helo   string      // "": this machine's name
	tls    *tls.Config // for tests: nil means what the target says
	limits smtp.Limits
	dotted func() // told when a dot is out; nil: nobody
	name   machineName
}

func newSMTPTransport(t SMTPTarget, helo string) *smtpTransport {
	return &smtpTransport{target: t, helo: helo, limits: smtp.DefaultLimits()}
}

func (s *smtpTransport) open(ctx context.Context) (session, error) {
	dialer := net.Dialer{Timeout: dialLimit, Control: watchPeer, KeepAliveConfig: peerAlive}
	conn, err := dialer.DialContext(ctx, "tcp", s.target.Addr)
	if err != nil {
		return nil, at(phaseConnect, fmt.Errorf("the SMTP server cannot be reached: %w", err))
	}
	guard := &guardedConn{Conn: conn, sent: s.dotted}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	client, err := s.introduce(ctx, guard)
	if !stop() && err != nil {
		err = fmt.Errorf("%s did not answer in time: %w", s.target.Addr, context.Cause(ctx))
	}
	if err != nil {
		conn.Close()
		return nil, at(phaseConnect, err)
	}
	return &smtpSession{client: client, guard: guard}, nil
}

// introduce goes as far as a message may follow: greeting, TLS, login.
func (s *smtpTransport) introduce(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	name := s.helo
	if name == "" {
		name = s.name.of(ctx, conn.LocalAddr())
	}
	c := smtp.NewClient(conn, false)
	c.Limits = s.limits
	if err := s.greet(c, name); err != nil {
		return nil, err
	}
	if s.target.User == "" {
		return c, nil
	}
	if err := c.Auth(s.target.User, s.target.Password); err != nil {
		return nil, &loginError{fmt.Errorf("the login of %s at %s failed: %w", s.target.User, s.target.Addr, err)}
	}
	return c, nil
}

// loginError says that a server is there, but knows no such user.
type loginError struct{ error }

func (e *loginError) Unwrap() error { return e.error }

// greet says hello, in every mode by the same name, and again under TLS.
func (s *smtpTransport) greet(c *smtp.Client, name string) error {
	if s.target.Security == ImplicitTLS {
		if err := s.begin(c.Handshake); err != nil {
			return err
		}
	}
	if err := c.Greeting(); err != nil {
		return s.noGreeting(err)
	}
	if err := s.hello(c, name); err != nil || s.target.Security != StartTLS {
		return err
	}
	if err := s.begin(c.StartTLS); err != nil {
		return err
	}
	return s.hello(c, name)
}

func (s *smtpTransport) hello(c *smtp.Client, name string) error {
	err := c.Hello(name)
	var refusal *smtp.Error
	if errors.As(err, &refusal) {
		return fmt.Errorf("%s does not take the name of this machine, %s: set --smtp-helo to a name that the DNS knows: %w", s.target.Addr, name, err)
	}
	return err
}

// begin starts TLS by a handshake or by STARTTLS.
func (s *smtpTransport) begin(start func(*tls.Config) error) error {
	cfg, err := s.tlsConfig()
	if err == nil {
		err = start(cfg)
	}
	if err != nil {
		return tlsTrouble(s.target, err)
	}
	return nil
}

type smtpSession struct {
	client *smtp.Client
	guard  *guardedConn
	within bool   // a message has begun
	answer string // to the last one
}

func (s *smtpSession) begin(ctx context.Context, from, to string, message []byte) error {
	stop := context.AfterFunc(ctx, func() { s.guard.Conn.Close() })
	defer stop()
	if err := s.sender(from); err != nil {
		return err
	}
	if err := s.client.Rcpt(to); err != nil {
		return at(phaseMessage, err)
	}
	s.within = true
	return at(phaseMessage, s.client.Data(message))
}

func (s *smtpSession) sender(from string) error {
	if err := s.client.Mail(from); err != nil {
		return at(phaseConnect, fmt.Errorf("the server refused the sender %s of --mail-from: %w", from, err))
	}
	return nil
}

func (s *smtpSession) finish(by time.Time) error {
	s.guard.guard(by)
	defer s.guard.guard(time.Time{})
	if !time.Now().Before(by) {
		return errLate
	}
	reply, err := s.client.Dot()
	if err != nil {
		return at(phaseDot, err)
	}
	s.answer = reply.String()
	s.within = false
	return nil
}

// check asks whether the server would take a message of this sender.
func (s *smtpSession) check(ctx context.Context, from string) error {
	stop := context.AfterFunc(ctx, func() { s.guard.Conn.Close() })
	defer stop()
	if err := s.sender(from); err != nil {
		return err
	}
	return at(phaseConnect, s.client.Reset())
}

func (s *smtpSession) said() string { return s.answer }

func (s *smtpSession) abort() { s.guard.Conn.Close() }

// close says goodbye only between messages: within one, QUIT would be content.
func (s *smtpSession) close() {
	if !s.within {
		s.client.Limits = s.client.Limits.Within(time.Second)
		_ = s.client.Quit()
	}
	s.guard.Conn.Close()
}
