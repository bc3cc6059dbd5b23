package alerting

import (
	"context"
	"sync/atomic"
)

// exchange is a transport that another one can take the place of. Connections that are
// open stay with the old one.
type exchange struct {
	now     atomic.Pointer[mailServer]
	changed chan struct{} // has a value when there is another one
}

type mailServer struct {
	transport
	target SMTPTarget
}

func (e *exchange) open(ctx context.Context) (session, error) { return e.now.Load().open(ctx) }

// SetSMTPURL has new connections go to another mail server, or with another password.
// Errors wrap ErrConfig, and leave the old one in force.
func (s *Service) SetSMTPURL(raw string) error {
	target, err := ParseSMTPURL(raw)
	if err != nil {
		return err
	}
	server := &mailServer{&terminal{out: s.cfg.Terminal}, target}
	if !target.Terminal {
		smtp := newSMTPTransport(target, s.cfg.SMTPHelo)
		smtp.dotted = func() { s.step(PointDotted) }
		server.transport = smtp
	}
	s.exchange.now.Store(server)
	select {
	case s.exchange.changed <- struct{}{}:
	default:
	}
	return nil
}
