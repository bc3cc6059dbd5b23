package alerting

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	soundEvery = 5 * time.Minute  // between looks at a server that answers
	sickEvery  = time.Minute      // and at one that does not
	slowAfter  = 15 * time.Second // a server that has not answered is told of, though it is still waited for
)

// errSlow says that a server has been asked, and nothing came.
var errSlow = errors.New("the mail server has not answered for 15 s; it is still waited for")

// MailStatus is what this node knows of the mail server.
type MailStatus struct {
	Checked time.Time // when it was last heard of; zero: not yet
	Error   string    // why it cannot be used; "": it answers
}

// health is the newest word about the mail server.
type health struct {
	mu     sync.Mutex
	status MailStatus
	told   func(first, sound bool, err error) // of each change
	now    func(sound bool)                   // of each word
}

func (h *health) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.status
	h.status = MailStatus{Checked: time.Now()}
	if err != nil {
		h.status.Error = clipError(err)
	}
	h.now(err == nil)
	if first := before.Checked.IsZero(); first || (before.Error == "") != (err == nil) {
		h.told(first, err == nil, err)
	}
}

func (h *health) get() MailStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status
}

// MailStatus tells what this node knows of the mail server, at once.
func (s *Service) MailStatus() MailStatus { return s.health.get() }

// tellHealth logs what a change means.
func (s *Service) tellHealth(first, sound bool, err error) {
	switch target := s.exchange.now.Load().target; {
	case target.Terminal: // there is no server
	case !sound:
		s.log.Warn("the mail server cannot be used: alerts wait until it can; see to it, --smtp-url and --mail-from", "server", target.Addr, "error", err)
	case first:
		s.log.Info("the mail server answers and takes this sender", "server", target.Addr, "sender", s.cfg.MailFrom)
	default:
		s.log.Info("the mail server answers again", "server", target.Addr)
	}
}

// watchServer asks the mail server at the start and from time to time, on every node: it
// may be this one that has to send tomorrow. Nothing depends on the answer.
func (s *Service) watchServer(ctx context.Context) {
	for {
		err := s.probeTold(ctx)
		wait := soundEvery
		if err != nil && !errors.As(err, new(*loginError)) {
			wait = sickEvery
		}
		select {
		case <-time.After(wait*3/4 + rand.N(wait/2)):
		case <-s.exchange.changed:
		case <-ctx.Done():
			return
		}
	}
}

// probeTold tells of a probe, also while it goes on for long.
func (s *Service) probeTold(ctx context.Context) error {
	slow := time.AfterFunc(slowAfter, func() { s.health.note(errSlow) })
	defer slow.Stop()
	err := s.probe(ctx)
	if ctx.Err() == nil {
		s.health.note(err)
	}
	return err
}

// probe goes as far as the sender of a message, and sends none.
func (s *Service) probe(ctx context.Context) error {
	conn, err := s.transport.open(ctx)
	if err != nil {
		return err
	}
	defer conn.close()
	return conn.check(ctx, s.cfg.MailFrom)
}
