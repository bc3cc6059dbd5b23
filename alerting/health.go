package alerting

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
)

const (
	checkEvery   = 5 * time.Minute  // between looks at a server that answers
	recheckEvery = time.Minute      // and at one that does not
	slowAfter    = 15 * time.Second // a server that has not answered is told of, though it is still waited for
)

// errSlow says that a server has been asked, and nothing came.
var errSlow = errors.New("the mail server has not answered for 15 s; it is still waited for")

// MailStatus is what this node knows of the mail server.
type MailStatus struct {
	Checked time.Time // when it was last heard of; zero: not yet
	Error   string    // why it cannot be used; "": it answers
}

// mailHealth holds the newest status of the mail server.
type mailHealth struct {
	mu       sync.Mutex
	status   MailStatus
	onChange func(first, sound bool, err error) // called at the first status and at each change
	onStatus func(sound bool)                   // called at each status
}

func (h *mailHealth) set(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.status
	h.status = MailStatus{Checked: time.Now()}
	if err != nil {
		h.status.Error = clipError(err)
	}
	h.onStatus(err == nil)
	if first := before.Checked.IsZero(); first || (before.Error == "") != (err == nil) {
		h.onChange(first, err == nil, err)
	}
}

func (h *mailHealth) get() MailStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status
}

// MailStatus tells what this node knows of the mail server, at once.
func (s *Service) MailStatus() MailStatus { return s.mail.get() }

// CheckMailServer asks the mail server, until ctx ends.
func (s *Service) CheckMailServer(ctx context.Context) error {
	err := s.probeMailServer(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("it has not answered in time: %w", err)
	}
	s.mail.set(err)
	return err
}

// logMailHealth logs a change of the mail server's status.
func (s *Service) logMailHealth(first, sound bool, err error) {
	switch target := s.server.Target(); {
	case target.Terminal: // there is no server
	case !sound:
		s.log.Warn("the mail server cannot be used: alerts wait until it can; see to it, --smtp-url and --mail-from", "server", target.Addr, "error", err)
	case first:
		s.log.Info("the mail server answers and takes this sender", "server", target.Addr, "sender", s.cfg.MailFrom)
	default:
		s.log.Info("the mail server answers again", "server", target.Addr)
	}
}

// watchMailServer asks the mail server at the start and from time to time, on every node: it
// may be this one that has to send tomorrow. Nothing depends on the answer.
func (s *Service) watchMailServer(ctx context.Context) {
	for {
		err := s.probeAndNote(ctx)
		wait := checkEvery
		if err != nil && !errors.As(err, new(*smtp.LoginError)) {
			wait = recheckEvery
		}
		select {
		case <-time.After(wait*3/4 + rand.N(wait/2)):
		case <-s.server.Changes():
		case <-ctx.Done():
			return
		}
	}
}

// probeAndNote probes and notes the status; after slowAfter it notes that the answer is late.
func (s *Service) probeAndNote(ctx context.Context) error {
	slow := time.AfterFunc(slowAfter, func() { s.mail.set(errSlow) })
	defer slow.Stop()
	err := s.probeMailServer(ctx)
	if ctx.Err() == nil {
		s.mail.set(err)
	}
	return err
}

// probeMailServer goes as far as naming the sender of a message, and sends none.
func (s *Service) probeMailServer(ctx context.Context) error {
	conn, err := s.server.Open(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.CheckSender(ctx, s.cfg.MailFrom)
}
