package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
)

// Run pings as cfg says, until the time is over or ctx ends, and lets pings under
// way come to their end. It fails if an address cannot be reached at all.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &run{Config: cfg, calm: context.WithoutCancel(ctx)}
	defer r.close()
	if err := r.connect(ctx); err != nil {
		return nil, err
	}
	r.begin = time.Now()
	from := r.begin.Add(cfg.Warmup)
	r.until = from.Add(cfg.Duration)
	r.rec = newRecorder(from, r.until, cfg.BySecond)
	if cfg.Rate > 0 {
		r.openLoop(ctx)
	} else {
		r.closedLoop(ctx)
	}
	out := r.rec.report(r.measuredUntil(ctx))
	out.Connections, out.Rate = cfg.Connections, cfg.Rate
	if cfg.Rate == 0 {
		out.Late, out.Service = nil, nil // nothing else than the latency
	}
	return out, nil
}

// run is a run under way.
type run struct {
	Config
	conns        []*conn
	begin, until time.Time
	rec          *recorder
	calm         context.Context // of pings: one that is under way is not cut off, for then it would be unknown
	wg           sync.WaitGroup
}

// connecting is how many connections are being made at a time: a listener's queue
// is short.
const connecting = 64

// connect makes every connection.
func (r *run) connect(ctx context.Context) error {
	var targets []*target
	for _, u := range r.URLs {
		t, err := parseTarget(u)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	for i := range r.Connections {
		r.conns = append(r.conns, newConn(targets[i%len(targets)], r.Timeout))
	}
	errs := make([]error, connecting)
	for i := range connecting {
		r.wg.Go(func() {
			for j := i; j < len(r.conns) && errs[i] == nil; j += connecting {
				if err := r.conns[j].connect(ctx, time.Now()); err != nil {
					errs[i] = fmt.Errorf("connection %d of %d, to %s: %w", j+1, len(r.conns), r.conns[j].to.url, err)
				}
			}
		})
	}
	r.wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) close() {
	for _, c := range r.conns {
		c.close()
	}
}

// closedLoop has each connection ping again as soon as it was answered.
func (r *run) closedLoop(ctx context.Context) {
	for _, c := range r.conns {
		r.wg.Go(func() {
			pick := newPicker(r.Tokens)
			for now := time.Now(); now.Before(r.until) && ctx.Err() == nil; {
				o := r.pingAndRecord(c, pick.nextToken(), now, now)
				now = o.end
				if o.failure != "" {
					restAfterFailure(ctx, r.until) // or a closed port makes a busy loop
					now = time.Now()
				}
			}
		})
	}
	r.wg.Wait()
}

// restAfterFailure is how long a connection of a closed loop waits after a failure.
func restAfterFailure(ctx context.Context, until time.Time) {
	select {
	case <-time.After(min(10*time.Millisecond, time.Until(until))):
	case <-ctx.Done():
	}
}

// backlog is how many due pings are handed out before a connection takes them. The
// others wait on the schedule, and cost nothing.
const backlog = 1024

// openLoop sends the pings of a schedule by whatever connection is free. What waits at
// the end is still sent, until it has waited for the timeout.
func (r *run) openLoop(ctx context.Context) {
	s := newSchedule(r.begin, r.until, r.Rate)
	missed := func(k int64) { r.rec.neverSent(s.intendedTime(k), r.Timeout) }
	due := make(chan int64, backlog)
	for _, c := range r.conns {
		r.wg.Go(func() {
			pick := newPicker(r.Tokens)
			for k := range due {
				switch now := time.Now(); {
				case ctx.Err() != nil:
				case now.Sub(s.intendedTime(k)) > r.Timeout:
					missed(k)
				default:
					r.pingAndRecord(c, pick.nextToken(), s.intendedTime(k), now)
				}
			}
		})
	}
	s.sendWhenDue(ctx, r.Timeout, due, missed)
	close(due)
	r.wg.Wait()
}

// pingAndRecord sends a ping and records what became of it.
func (r *run) pingAndRecord(c *conn, token string, intended, now time.Time) outcome {
	o := outcome{intended: intended, sent: now}
	a, err := c.ping(r.calm, token, now)
	o.answer, o.end = a, time.Now()
	if err != nil {
		o.failure = kindOfError(err)
	}
	r.rec.addOutcome(&o)
	return o
}

func kindOfError(err error) string {
	var netErr net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return FailedTimeout
	case errors.Is(err, errNotHTTP), errors.Is(err, errLength):
		return FailedAnswer
	}
	return FailedConnection
}

// measuredUntil is when the measuring ended.
func (r *run) measuredUntil(ctx context.Context) time.Time {
	if now := time.Now(); ctx.Err() != nil && now.Before(r.until) {
		return now
	}
	return r.until
}

// picker chooses heartbeats at random.
type picker struct {
	tokens []string
	chance *rand.PCG
}

func newPicker(tokens []string) *picker {
	return &picker{tokens, rand.NewPCG(rand.Uint64(), rand.Uint64())}
}

func (p *picker) nextToken() string {
	return p.tokens[p.chance.Uint64()%uint64(len(p.tokens))]
}
