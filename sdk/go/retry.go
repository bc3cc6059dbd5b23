package heartbeat

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// ask is one attempt at a node, which must end within limit if nothing comes.
type ask func(ctx context.Context, n node, limit time.Duration) error

// try asks one node after the other, in rounds, until one answers. once forbids to
// repeat what may have been done.
func (c *Client) try(ctx context.Context, once bool, ask ask) error {
	if c.invalid != nil {
		return c.invalid
	}
	began, n := time.Now(), len(c.nodes)
	first := int(c.answered.Load())
	rest := make(pauses, n)
	fault := &callError{}
	for k := 0; ; k++ {
		i := (first + k) % n
		err := ask(ctx, c.nodes[i], c.limit(ctx, n-k%n, once))
		if err == nil {
			c.answered.Store(int32(i))
			return nil
		}
		f := newFailure(err)
		fault.add(f)
		if ctx.Err() != nil {
			return fault.ended(ctx)
		}
		if f.ofNode {
			c.answered.CompareAndSwap(int32(i), int32((i+1)%n)) // unless another call knows better
		}
		if f.final || f.unsure && once || k+1 >= n*(c.retries+1) {
			return fault.told()
		}
		rest.note(f, i, k/n)
		wait := rest.before((i + 1) % n)
		if (k+1)%n == 0 {
			wait = max(wait, backoff(k/n))
		}
		if wait > longestWait || time.Since(began)+wait > callTimeout || !fits(ctx, wait) {
			return fault.told()
		}
		if sleep(ctx, wait) != nil {
			return fault.ended(ctx)
		}
	}
}

// limit is how long the next attempt may take, if so many nodes are left to ask in
// this round. What may not be repeated has no use for time that is kept for others.
func (c *Client) limit(ctx context.Context, left int, once bool) time.Duration {
	limit := c.timeout
	switch {
	case limit > 0:
	case once || len(c.nodes) == 1:
		limit = aloneTimeout
	default:
		limit = sharedTimeout
	}
	if end, ok := ctx.Deadline(); ok && !once {
		limit = min(limit, time.Until(end)/time.Duration(left))
	}
	return limit
}

// failure is what an error means for the next attempt.
type failure struct {
	err        error
	final      bool          // the same would come again
	unsure     bool          // the request may have been recorded
	ofNode     bool          // another node may do better
	ofCluster  bool          // no other will
	retryAfter time.Duration // the server's wish
}

func newFailure(err error) failure {
	var api *APIError
	if errors.As(err, &api) {
		f := judge(api)
		f.err = err
		return f
	}
	return failure{err: err, unsure: !unsent(err), ofNode: true}
}

// judge sorts the server's answers.
func judge(e *APIError) failure {
	f := failure{retryAfter: e.RetryAfter}
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		f.ofCluster = true
	case http.StatusRequestTimeout:
		f.ofNode, f.unsure = true, e.Code != "timeout"
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		f.ofNode, f.unsure = true, true
	case http.StatusServiceUnavailable:
		switch e.Code {
		case "overloaded": // so is the leader, whoever is asked
			f.ofCluster = true
		case "no_leader", "shutting_down":
			f.ofNode = true
		default: // it is unknown, or another's words
			f.ofNode, f.unsure = true, true
		}
	default:
		f.final = true
	}
	return f
}

// unsent reports whether the node certainly got no request.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// pauses are the times before which each node is not to be asked.
type pauses []time.Time

func (p pauses) note(f failure, node, round int) {
	d := jitter(f.retryAfter)
	switch {
	case f.ofCluster:
		until := time.Now().Add(max(d, backoff(round)))
		for i := range p {
			p[i] = until
		}
	case d > 0:
		p[node] = time.Now().Add(d)
	}
}

func (p pauses) before(node int) time.Duration { return max(0, time.Until(p[node])) }

// backoff is how long to wait after a round: about 0.5, 1, 2, 4, 8, 8 … seconds.
func backoff(round int) time.Duration {
	d := 500 * time.Millisecond << min(round, 4)
	return d/2 + rand.N(d)
}

// jitter is d or up to a quarter more, as many clients may have been told the same.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return d + rand.N(d/4+1)
}

// fits reports whether ctx lasts for longer than d.
func fits(ctx context.Context, d time.Duration) bool {
	end, ok := ctx.Deadline()
	return !ok || time.Until(end) > d
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
