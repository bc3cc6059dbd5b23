package alerting

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	workLimit = 64               // rows and digests looked at in one go
	lookEvery = time.Second      // for what nothing announces
	doubtWait = 10 * time.Second // for the settle of an ex-leader
)

// lane works through one lane of the ledger, mail or a channel: it forms digests, resolves
// doubts, and begins attempts. It reads the ledger anew each time, so it holds nothing that
// could be lost.
type lane struct {
	s        *Service
	term     uint64
	name     string // of the ledger
	ended    chan fsm.AlertID
	inFlight int                       // attempts
	busy     map[fsm.AlertID]bool      // what is under way: attempts (true), and steps of the ledger
	doubts   map[fsm.AlertID]time.Time // rows in doubt, since when
	idle     bool                      // there is nothing to do, nor to wait for
	wake     chan struct{}             // has a value when there may be something new
	parts    sync.WaitGroup

	mu          sync.Mutex
	lastWarning time.Time
}

func newLane(s *Service, term uint64, name string, most int) lane {
	return lane{
		s: s, term: term, name: name, ended: make(chan fsm.AlertID, most),
		busy: map[fsm.AlertID]bool{}, doubts: map[fsm.AlertID]time.Time{}, wake: make(chan struct{}, 1),
	}
}

// wakeUp makes the dispatcher look for work at once.
func (d *lane) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// start runs f for a row that is not busy: an attempt, or a step of the ledger.
func (d *lane) start(ctx context.Context, id fsm.AlertID, attempt bool, f func()) {
	d.busy[id] = attempt
	if attempt {
		d.inFlight++
	}
	d.parts.Go(func() {
		f()
		if !attempt { // which ends with its settle
			d.finish(ctx, id)
		}
	})
}

// finish reports that a row is no longer busy. From any goroutine.
func (d *lane) finish(ctx context.Context, id fsm.AlertID) {
	select {
	case d.ended <- id:
	case <-ctx.Done():
	}
}

// forget drops a row that is no longer busy.
func (d *lane) forget(id fsm.AlertID) {
	if d.busy[id] {
		d.inFlight--
	}
	delete(d.busy, id)
}

// look begins what can be done now, up to room attempts at once, and returns when to look
// again.
func (d *lane) look(ctx context.Context, room int, attempt func(context.Context, fsm.AlertID)) time.Duration {
	w := d.s.store.LaneWork(d.term, d.name, workLimit)
	for _, f := range w.Digests {
		if _, busy := d.busy[f.ID]; !busy {
			d.start(ctx, f.ID, false, func() { d.proposeStep(ctx, f) })
		}
	}
	d.resolveDoubts(ctx, w.Doubt)
	for _, id := range w.Ready {
		if d.inFlight >= room {
			break
		}
		if _, busy := d.busy[id]; !busy {
			d.start(ctx, id, true, func() { attempt(ctx, id) })
		}
	}
	d.s.awaited.set(d.name, w.Next)
	wait := tick.Until(time.Now(), lookEvery)
	if w.Next > 0 {
		wait = min(wait, time.Duration(w.Next-d.s.store.Serving())*time.Millisecond)
	}
	d.idle = len(w.Digests)+len(w.Doubt)+len(w.Ready)+len(d.busy) == 0 && w.Next == 0
	return max(wait, 10*time.Millisecond)
}

// resolveDoubts decides about rows that an ex-leader fenced, after waiting for its settle.
func (d *lane) resolveDoubts(ctx context.Context, doubt []fsm.Alert) {
	now := time.Now()
	for _, a := range doubt {
		since, known := d.doubts[a.ID]
		if !known {
			d.doubts[a.ID] = now
			continue
		}
		if _, busy := d.busy[a.ID]; busy || now.Sub(since) < doubtWait {
			continue
		}
		resend := d.s.cfg.InDoubt == InDoubtResend
		d.s.log.Warn("an alert may or may not have been delivered: its sender was lost before the server's answer was recorded",
			"alert", a.ID.String(), "resend", resend)
		decision := fsm.ResolveDoubt{Alert: a.ID, Term: a.Term, Attempt: a.Attempt, Resend: resend}
		d.start(ctx, a.ID, false, func() { d.proposeStep(ctx, decision) })
		delete(d.doubts, a.ID)
	}
}

func (d *lane) proposeStep(ctx context.Context, cmd fsm.Command) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := d.s.cluster.Propose(ctx, cmd); err != nil && !errors.Is(err, fsm.ErrRejected) && !errors.Is(err, fsm.ErrExists) {
		d.s.log.Debug("a step of the ledger did not commit, trying again", "error", err)
	}
}

// loadRow reads a row and, of a digest, its members.
func (d *lane) loadRow(id fsm.AlertID) (a fsm.Alert, members []fsm.Alert, err error) {
	if a, err = d.s.store.Alert(id); err != nil {
		return a, nil, err
	}
	members = make([]fsm.Alert, 0, len(a.Members)) // ten thousand grow to several times their size
	for _, m := range a.Members {
		if x, err := d.s.store.Alert(m); err == nil {
			members = append(members, x)
		}
	}
	return a, members, nil
}

// loadToSend reads a row that is claimed, with what it tells of its heartbeats as they are now.
func (d *lane) loadToSend(id fsm.AlertID) (a fsm.Alert, members []fsm.Alert, err error) {
	if a, members, err = d.loadRow(id); err != nil {
		return a, nil, err
	}
	if a.Kind != fsm.AlertDigest {
		failed, since := time.Time{}, a.Evidence.Since
		if a.Evidence.Failed {
			failed = a.Evidence.LastPing
		}
		if since.IsZero() {
			since = a.CreatedAt
		}
		a.About = d.s.store.About(a.Heartbeat, failed, since)
		a.About.Zone = d.s.zoneOf(a.About.TZ)
	}
	for i := range members {
		members[i].About = d.s.store.AboutMember(members[i].Heartbeat)
		members[i].About.Zone = d.s.zoneOf(members[i].About.TZ)
	}
	return a, members, nil
}

// zoneOf is the time zone of a name; nil, for UTC, if it is not known.
func (s *Service) zoneOf(name string) *time.Location {
	if name == "" || s.cfg.Zone == nil {
		return nil
	}
	zone, err := s.cfg.Zone(name)
	if err != nil {
		return nil
	}
	return zone
}

func (d *lane) claim(ctx context.Context, m *delivery) error {
	_, err := d.s.cluster.ProposeOnce(ctx, d.term, fsm.Claim{Alert: m.alert.ID, Term: d.term, Attempt: m.attempt})
	return err
}

// settleRow records an outcome. It retries while this node leads, and once after that: an
// ex-leader's settle is accepted, and saves the next leader a doubt.
func (d *lane) settleRow(ctx context.Context, m *delivery, s fsm.Settle) {
	s.Alert, s.Term, s.Attempt = m.alert.ID, d.term, m.attempt
	for {
		leading := ctx.Err() == nil
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
		_, err := d.s.cluster.Propose(limited, s)
		cancel()
		if err == nil || errors.Is(err, fsm.ErrRejected) || errors.Is(err, fsm.ErrNotFound) {
			return
		}
		d.s.log.Warn("the outcome of a delivery could not be recorded yet", "alert", m.alert.ID.String(), "error", err)
		if !leading || errors.Is(err, fsm.ErrShutdown) {
			return
		}
	}
}

// logSometimes logs an error, at most once in warnEvery.
func (d *lane) logSometimes(what string, about ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.lastWarning) >= warnEvery {
		d.lastWarning = time.Now()
		d.s.log.Error(what, about...)
	}
}
