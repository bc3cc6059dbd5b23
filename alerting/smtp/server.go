package smtp

import (
	"context"
	"io"
	"sync/atomic"
)

// ServerConfig is what does not depend on which mail server it is.
type ServerConfig struct {
	Helo     string    // the name for EHLO; "": this machine's
	Terminal io.Writer // for "stdout:"
	Dotted   func()    // called when a final dot is out; nil: nobody is
}

// Server is the mail server that is in use. Another one can take its place;
// connections that are open stay with the old one.
type Server struct {
	cfg     ServerConfig
	now     atomic.Pointer[destination]
	changed chan struct{} // has a value after each change
}

// destination is a mail server and the transport to it.
type destination struct {
	Transport
	target Target
}

// NewServer is given an SMTP URL. Errors wrap fsm.ErrConfig.
func NewServer(raw string, cfg ServerConfig) (*Server, error) {
	s := &Server{cfg: cfg}
	if err := s.Use(raw); err != nil {
		return nil, err
	}
	s.changed = make(chan struct{}, 1) // now: the first server is no change
	return s, nil
}

// Use has new connections go to another mail server, or with another password. Errors
// wrap fsm.ErrConfig, and leave the old one in use.
func (s *Server) Use(raw string) error {
	target, err := ParseURL(raw)
	if err != nil {
		return err
	}
	next := &destination{&terminal{out: s.cfg.Terminal}, target}
	if !target.Terminal {
		d := newDialer(target, s.cfg.Helo)
		d.dotted = s.cfg.Dotted
		next.Transport = d
	}
	s.now.Store(next)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return nil
}

// Open connects to the server.
func (s *Server) Open(ctx context.Context) (Session, error) { return s.now.Load().Open(ctx) }

// Target tells which server it is.
func (s *Server) Target() Target { return s.now.Load().target }

// Changes has a value after each change of the server.
func (s *Server) Changes() <-chan struct{} { return s.changed }
