package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/unreachable"
)

// dialLimit is for connecting. A server that is there but busy has its own limits.
const dialLimit = 10 * time.Second

// dialer speaks to one SMTP server.
type dialer struct {
	target  Target
	helo    string      // "": this machine's name
	tls     *tls.Config // for tests: nil means what the target says
	limits  Limits
	dotted  func() // told when a dot is out; nil: nobody
	machine machineName
}

func newDialer(t Target, helo string) *dialer {
	return &dialer{target: t, helo: helo, limits: DefaultLimits()}
}

func (s *dialer) Open(ctx context.Context) (Session, error) {
	dialer := net.Dialer{Timeout: dialLimit, Control: limitUnacknowledged, KeepAliveConfig: keepAlive}
	conn, err := dialer.DialContext(ctx, "tcp", s.target.Addr)
	if err != nil {
		return nil, during(phaseConnect, fmt.Errorf("the mail server %s cannot be reached: %w", s.target.Addr, unreachable.Explain(err)))
	}
	guard := &guardedConn{Conn: conn, onWrite: s.dotted}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	client, err := s.introduce(ctx, guard)
	if !stop() && err != nil {
		err = &unreachable.Error{Words: s.target.Addr + " did not answer in time", Cause: context.Cause(ctx)}
	}
	if err != nil {
		conn.Close()
		return nil, during(phaseConnect, err)
	}
	return &session{client: client, guard: guard}, nil
}

// introduce goes as far as a message may follow: greeting, TLS, login.
func (s *dialer) introduce(ctx context.Context, conn net.Conn) (*Client, error) {
	name := s.helo
	if name == "" {
		name = s.machine.lookUp(ctx, conn.LocalAddr())
	}
	c := NewClient(conn, false)
	c.Limits = s.limits
	if err := s.greet(c, name); err != nil {
		return nil, err
	}
	if s.target.User == "" {
		return c, nil
	}
	if err := c.Auth(s.target.User, s.target.Password); err != nil {
		return nil, &LoginError{fmt.Errorf("the login of %s at %s failed: %w", s.target.User, s.target.Addr, err)}
	}
	return c, nil
}

// LoginError says that a server is there, but knows no such user.
type LoginError struct{ error }

func (e *LoginError) Unwrap() error { return e.error }

// greet says hello, in every mode by the same name, and again under TLS.
func (s *dialer) greet(c *Client, name string) error {
	if s.target.Security == ImplicitTLS {
		if err := s.startTLS(c.Handshake); err != nil {
			return err
		}
	}
	if err := c.Greeting(); err != nil {
		return s.explainGreeting(err)
	}
	if err := s.hello(c, name); err != nil || s.target.Security != StartTLS {
		return err
	}
	if err := s.startTLS(c.StartTLS); err != nil {
		return err
	}
	return s.hello(c, name)
}

func (s *dialer) hello(c *Client, name string) error {
	err := c.Hello(name)
	var refusal *Error
	if errors.As(err, &refusal) {
		return fmt.Errorf("%s does not take the name of this machine, %s: set --smtp-helo to a name that the DNS knows: %w", s.target.Addr, name, err)
	}
	return err
}

// startTLS starts TLS by a handshake or by STARTTLS.
func (s *dialer) startTLS(start func(*tls.Config) error) error {
	cfg, err := s.tlsConfig()
	if err == nil {
		err = start(cfg)
	}
	if err != nil {
		return explainTLS(s.target, err)
	}
	return nil
}
