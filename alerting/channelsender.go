package alerting

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxAtOnce      = 4                // attempts of a channel
	connectLimit   = 15 * time.Second // for getting a delivery ready
	channelPatient = time.Minute      // a sender without work waits for so long, and ends
)

var (
	errChannelGone = errors.New("its channel was deleted before this could be sent")
	errKindUnknown = errors.New("this version of quorumbeat does not know the channel's kind")
)

// channelSenders starts a sender for each channel for which anything waits.
type channelSenders struct {
	s     *Service
	term  uint64
	parts sync.WaitGroup

	mu      sync.Mutex
	running map[string]*channelSender // by lane
}

// wakeAll has each channel with work looked at.
func (x *channelSenders) wakeAll(ctx context.Context) {
	lanes := x.s.store.Lanes()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, name := range lanes {
		c := x.running[name]
		if c == nil {
			c = &channelSender{lane: newLane(x.s, x.term, name, maxAtOnce)}
			c.gate.begin(x.s.store.LaneRefuses(name), time.Now())
			x.running[name] = c
			x.parts.Go(func() { c.run(ctx, x) })
		}
		c.wakeUp()
	}
}

// forget ends a sender that has nothing to do. It reports whether it may.
func (x *channelSenders) forget(c *channelSender) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(c.wake) > 0 {
		return false
	}
	delete(x.running, c.name)
	return true
}

// channelSender sends what waits for one channel, a few rows at once.
type channelSender struct {
	lane
	gate channelGate
}

func (c *channelSender) run(ctx context.Context, senders *channelSenders) {
	defer c.parts.Wait()
	defer c.s.awaited.set(c.name, 0)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		quiet := false
		select {
		case <-timer.C:
			quiet = c.idle
		case <-c.wake:
		case id := <-c.ended:
			c.lane.forget(id)
		case <-ctx.Done():
			return
		}
		if quiet && senders.forget(c) {
			return
		}
		room, open := c.gate.room(time.Now())
		wait := c.look(ctx, room, c.attempt)
		switch {
		case c.idle:
			wait = channelPatient
		case open > 0:
			wait = min(wait, open)
		}
		timer.Reset(wait)
	}
}

// attempt takes a row through claim, connection, fence, request and settle.
func (c *channelSender) attempt(ctx context.Context, id fsm.AlertID) {
	defer c.finish(ctx, id)
	a, err := c.s.store.Alert(id)
	if err != nil { // dropped meanwhile
		return
	}
	m := &delivery{alert: a, attempt: a.Attempt + 1, began: time.Now()}
	c.s.passPoint(PointReady)
	if err := c.claim(ctx, m); err != nil {
		if errors.Is(err, fsm.ErrUnknownOutcome) { // give it back, if it was claimed
			c.settleRow(ctx, m, fsm.Settle{Outcome: fsm.OutcomeRetry, Error: "the claim was not confirmed"})
		}
		return
	}
	c.s.passPoint(PointClaimed)
	kind, ref, err := c.deliver(ctx, m)
	if errors.Is(err, errNotLeading) {
		return
	}
	if ctx.Err() == nil {
		c.gate.learn(err, time.Now())
		c.s.met.countAttempt(kind, err)
	}
	if err != nil {
		c.recordFailure(ctx, m, err)
		return
	}
	c.s.met.observeDelivery(kind, time.Since(m.began))
	c.s.passPoint(PointTaken)
	c.settleRow(ctx, m, fsm.Settle{Outcome: fsm.OutcomeSent, Ref: ref})
	c.s.passPoint(PointSettled)
}

// deliver gets a claimed row ready, fences it, and has it sent. ref is how the service names it.
func (c *channelSender) deliver(ctx context.Context, m *delivery) (kind, ref string, err error) {
	ch, ready, err := c.open(ctx, m)
	if err != nil {
		return ch.Spec.Kind, "", err
	}
	defer ready.Close()
	c.s.passPoint(PointTransferred)
	by := time.Now().Add(dotWindow)
	if err := c.fence(ctx, m, by); err != nil {
		return ch.Spec.Kind, "", err
	}
	c.s.passPoint(PointFenced)
	patient, cancel := withPatience(ctx)
	defer cancel()
	_, err = ready.Complete(patient, by)
	if x, is := ready.(channel.Referred); is {
		ref = x.Ref()
	}
	return ch.Spec.Kind, ref, err
}

// open renders and connects. What a row tells may have changed until it was claimed.
func (c *channelSender) open(ctx context.Context, m *delivery) (ch fsm.Channel, d channel.Delivery, err error) {
	id, _ := fsm.ChannelOf(c.name)
	if ch, err = c.s.store.Channel(id); err != nil {
		return ch, nil, channel.WithClass(channel.Refused, errChannelGone)
	}
	opener := c.s.openers[ch.Spec.Kind]
	if opener == nil {
		return ch, nil, errKindUnknown
	}
	var members []fsm.Alert
	if m.alert, members, err = c.loadToSend(m.alert.ID); err != nil {
		return ch, nil, errNotLeading // it was dropped
	}
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	d, err = opener.Open(ctx, ch.Spec, channel.New(m.alert, members, c.s.messageOptions(m.alert)))
	return ch, d, err
}

func (c *channelSender) fence(ctx context.Context, m *delivery, by time.Time) error {
	limited, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	_, err := c.s.cluster.ProposeOnce(limited, c.term, fsm.Fence{Alert: m.alert.ID, Term: c.term, Attempt: m.attempt})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fsm.ErrRejected) || errors.Is(err, fsm.ErrNotLeader):
		return errNotLeading
	}
	return channel.WithClass(channel.Unsent, errNoFence)
}

// withPatience is for an answer that is awaited for a while longer than this node leads.
func withPatience(ctx context.Context) (context.Context, context.CancelFunc) {
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(exLeaderWait, cancel)
		<-patient.Done()
		t.Stop()
	})
	return patient, func() { cancel(); stop() }
}

// recordFailure records the outcome of an attempt that failed.
func (c *channelSender) recordFailure(ctx context.Context, m *delivery, err error) {
	class := channel.Classify(err)
	if ctx.Err() == nil {
		c.logFailure(m, class, err)
	}
	s := fsm.Settle{Error: clipError(err)}
	switch class {
	case channel.Unsent:
		s.Outcome = fsm.OutcomeRetry
	case channel.Trouble: // the gate says when the channel is asked again
		s.Outcome, s.Refused, s.RetryIn = fsm.OutcomeRetry, true, max(channel.RetryAfter(err), firstPause).Milliseconds()
	case channel.Refused:
		s.Outcome = fsm.OutcomeFailed
	case channel.InDoubt:
		s.Outcome, s.Resend, s.RetryIn = fsm.OutcomeInDoubt, c.s.cfg.InDoubt == InDoubtResend, backoff(m.attempt).Milliseconds()
	}
	c.settleRow(ctx, m, s)
}

func (c *channelSender) logFailure(m *delivery, class channel.Class, err error) {
	about := []any{"alert", m.alert.ID.String(), "channel", c.name, "name", m.alert.ChannelName, "attempt", m.attempt, "error", err}
	switch class {
	case channel.Unsent:
		c.s.log.Warn("an alert was not completed in time; it is tried again", about...)
	case channel.Refused:
		c.s.log.Error("a channel refuses an alert for good: see to it with 'quorumbeat channels test', then retry the alert with 'quorumbeat alerts retry'", about...)
	case channel.InDoubt:
		c.logSometimes("a channel gave no answer to an alert, which may have arrived", about...)
	default:
		c.logSometimes("a channel cannot take alerts; they wait and are tried again for a day: see to it with 'quorumbeat channels test'", about...)
	}
}
