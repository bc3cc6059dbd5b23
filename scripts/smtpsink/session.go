package smtpsink

import (
	"io"
	"mime"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection.
type session struct {
	sink   *Sink
	conn   *smtp.Conn
	to     []string
	authed bool
}

func (s *Sink) session(conn *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns++
	s.open++
	s.live[conn] = struct{}{}
	s.peak = max(s.peak, s.open)
	return &session{sink: s, conn: conn, authed: s.cfg.Username == ""}, nil
}

func (c *session) Reset() { c.to = nil }

func (c *session) Logout() error {
	c.sink.mu.Lock()
	defer c.sink.mu.Unlock()
	c.sink.open--
	delete(c.sink.live, c.conn)
	return nil
}

func (c *session) Mail(string, *smtp.MailOptions) error {
	if !c.authed {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := c.sink.failure(AtRcpt); err != nil {
		return err
	}
	if text, ok := c.sink.cfg.Refuse[to]; ok {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: text}
	}
	c.to = append(c.to, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := c.sink.failure(AtData); err != nil {
		return err
	}
	if err := c.sink.accept(c.to, raw); err != nil {
		return err
	}
	if d, ok := c.conn.Conn().(*droppingConn); ok {
		d.accepted.Store(true)
	}
	return nil
}

func (c *session) AuthMechanisms() []string {
	if c.sink.cfg.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != c.sink.cfg.Username || password != c.sink.cfg.Password {
			return smtp.ErrAuthFailed
		}
		c.authed = true
		return nil
	}), nil
}

// decode undoes RFC 2047; what cannot be decoded is shown as it came.
func decode(header string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return text
}
