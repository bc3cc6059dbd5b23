package deferred

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Options is what a pool asks of its server.
type Options struct {
	// Take takes a plain request of a connection that came at start, by DeferReady,
	// or reports false: then it is fasthttp's. nil: all are. r's memory is used again.
	Take func(c *Conn, r Request, start time.Time) bool
	// Failed renders the reply to a ping with another outcome than OK.
	Failed func(ctx *fasthttp.RequestCtx, r Reply, code fsm.Code)
	// Body is the body of the reply to a recorded ping.
	Body func(r Reply) []byte
	// Answered is told of each deferred reply that is sent, and how long it took.
	Answered func(status int, took time.Duration)
	// OwnCookie returns the part of a Cookie header that a handler reads; nil: none.
	OwnCookie func(header []byte) []byte
}

// Pool is all connections of one server that are open, so that those that have been idle
// longest can be closed when there are too many. Its times may be set before it is used.
type Pool struct {
	ReadTimeout time.Duration // of a request, from when it is waited for
	IdleTimeout time.Duration // between requests; then a connection rests
	IdleLimit   time.Duration // of connections at rest
	WriteLimit  time.Duration // for what is written at once
	StallAfter  time.Duration // for how long a write may be under way before its client is taken for one that does not read

	opts      Options
	http      *fasthttp.Server
	plain     plainReader
	longHeads chan struct{} // has a value for each long head that is being read
	leaving   atomic.Bool
	ended     atomic.Bool // no connection is served any more

	mu  sync.Mutex
	all map[*replyConn]struct{}
}

// NewPool makes the pool of a server that is not serving yet. It sets what the server
// needs for it.
func NewPool(http *fasthttp.Server, opts Options) *Pool {
	http.ConnState, http.ReadBufferSize, http.WriteBufferSize = connState, MaxHead, WriteBuffer
	return &Pool{
		ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Second, IdleLimit: 2 * time.Minute, WriteLimit: 30 * time.Second, StallAfter: 5 * time.Second,
		opts: opts, http: http, longHeads: make(chan struct{}, longHeads), all: map[*replyConn]struct{}{},
	}
}

// Leave has replies say that their connection is closed.
func (p *Pool) Leave() { p.leaving.Store(true) }

// Leaving reports whether the server is about to end, and Ended whether it did.
func (p *Pool) Leaving() bool { return p.leaving.Load() }

// Ended reports whether no connection is served any more.
func (p *Pool) Ended() bool { return p.ended.Load() }

// End waits until every connection is closed; no request is served any more. fasthttp's
// Shutdown does not wait: it is done with a connection before it closes it, and that may
// have to wait for a deferred reply; and it knows nothing of those that rest.
func (p *Pool) End(ctx context.Context) error {
	p.ended.Store(true)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for p.Len() > 0 {
		p.closeWaiting()
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (p *Pool) add(c *replyConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[c] = struct{}{}
}

func (p *Pool) remove(c *replyConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, c)
}

// Len is how many connections are open.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all)
}

// Idle is how many connections wait for their clients.
func (p *Pool) Idle() int { return len(p.which((*replyConn).idle)) }

// Active is how many connections do not.
func (p *Pool) Active() int {
	return len(p.which(func(c *replyConn) bool { return !c.idle() }))
}

// which returns the connections that have a property.
func (p *Pool) which(has func(*replyConn) bool) (found []*replyConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.all {
		if has(c) {
			found = append(found, c)
		}
	}
	return found
}

// Shed closes up to n connections, idle ones first and then those whose clients do not
// read; of each kind first those from which no request has come for the longest time. It
// returns how many it closed.
func (p *Pool) Shed(n int) (shed int) {
	now := time.Now()
	type candidate struct {
		conn     *replyConn
		stalled  bool
		received int64
	}
	var list []candidate
	for _, c := range p.which(func(c *replyConn) bool { return c.idle() || c.stalled(now) }) {
		list = append(list, candidate{c, !c.idle(), c.received.Load()})
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(compareBools(a.stalled, b.stalled), cmp.Compare(a.received, b.received))
	})
	for _, one := range list {
		if n == 0 {
			break
		}
		if c := one.conn; c.closeWaiting() || c.closeStalled(now) {
			n--
			shed++
		}
	}
	return shed
}

// compareBools puts false first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// closeWaiting closes the connections that only wait for their clients; at the end those
// are all that rest.
func (p *Pool) closeWaiting() {
	for _, c := range p.which((*replyConn).idle) {
		c.closeWaiting()
	}
}
