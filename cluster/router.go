package cluster

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	routeEvery = 50 * time.Millisecond // how often the router looks without being asked while commands wait, or nobody takes them
	dialLimit  = time.Second
)

// readyFor is how long a node stays ready without a known leader: longer than an
// election, so that one does not make a load balancer drop every node.
const readyFor = 10 * time.Second

// leaderView is what a node believes of the leadership.
type leaderView struct {
	id   string // the leader's node ID, "" if unknown
	addr string
	term uint64
}

// router decides who takes this node's pending commands: its own batcher while
// it leads, else the connection to the leader, else nobody. It also keeps their
// deadlines.
type router struct {
	table   *proposals.Table
	batcher *commit.Batcher
	self    string
	origin  fsm.Origin
	view    func() leaderView
	dial    func(context.Context, leaderView) (net.Conn, error)
	sound   func() bool // whether this node applies what is committed
	met     *metrics
	log     *slog.Logger

	pulse   proposals.StallDetector
	changed lifecycle.Wakeup // woken when something may have changed
	known   atomic.Int64     // when a leader was last known, Unix ns; 0: never
	applied atomic.Int64     // when the node was last sound

	// Of the goroutine that runs:
	saw     bool       // a leader was known at the last look
	to      leaderView // whom out, or the dialing under way, leads to
	out     *forwardOut
	dialing context.CancelFunc
	dialed  chan net.Conn // nil sent: failed
	tried   time.Time
}

func (r *router) poke() { r.changed.Wake() }

// run routes until ctx ends.
func (r *router) run(ctx context.Context) {
	tick := time.NewTimer(0)
	defer tick.Stop()
	defer r.hangUp()
	soon := func() { tick.Reset(routeEvery) }
	for {
		select {
		case <-tick.C:
		case <-r.changed:
		case conn := <-r.dialed:
			r.connected(conn)
		case <-ctx.Done():
			r.table.SetConsumer(nil)
			return
		}
		r.route(ctx, time.Now())
		tick.Reset(lifecycle.UntilTick(time.Now())) // first, for the table may call soon at once
		if !r.settled() || !r.table.OnNextAdd(soon) {
			soon()
		}
	}
}

// settled reports whether there is somebody who takes commands.
func (r *router) settled() bool { return r.out != nil || r.batcher.ActiveConsumer() != nil }

func (r *router) route(ctx context.Context, now time.Time) {
	r.pulse.Beat(now)
	r.table.Expire(now)
	v := r.view()
	if r.saw || v.id != "" { // what was known at the last look was known until now: a change wakes the router
		r.known.Store(now.UnixNano())
	}
	r.saw = v.id != ""
	if r.sound() {
		r.applied.Store(now.UnixNano())
	}
	if local := r.batcher.ActiveConsumer(); local != nil {
		r.hangUp()
		r.table.SetConsumer(local)
		return
	}
	known := v.id != "" && v.id != r.self
	moved := known && r.to != v // while none is known a sound connection stays
	if moved || r.out != nil && (!r.out.alive() || r.out.silent(now)) {
		r.hangUp()
	}
	if r.out != nil {
		return
	}
	r.table.SetConsumer(nil)
	if known {
		r.call(ctx, v, now)
	}
}

// call begins to dial the leader, if that is not under way, nor was just now.
func (r *router) call(ctx context.Context, v leaderView, now time.Time) {
	if r.dialing != nil || now.Sub(r.tried) < routeEvery {
		return
	}
	r.to, r.tried = v, now
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	done := make(chan net.Conn, 1)
	r.dialing, r.dialed = cancel, done
	go func() {
		conn, err := r.dial(ctx, v)
		if err != nil {
			r.log.Debug("the leader cannot be reached", "leader", v.id, "address", v.addr, "error", err)
			conn = nil
		}
		done <- conn
	}()
}

func (r *router) connected(conn net.Conn) {
	r.endDial()
	if conn == nil {
		return
	}
	r.out = startForwardOut(conn, r.table, r.origin, r.met, r.poke)
	r.table.SetConsumer(&r.out.Consumer)
}

func (r *router) endDial() {
	if r.dialing != nil {
		r.dialing()
		r.dialing, r.dialed = nil, nil
	}
}

// hangUp ends the connection to the leader, and any attempt at one.
func (r *router) hangUp() {
	if r.dialing != nil {
		r.dialing()
		if conn := <-r.dialed; conn != nil {
			conn.Close()
		}
		r.endDial()
	}
	if r.out != nil {
		r.out.close()
		r.out = nil
	}
	r.to = leaderView{}
}

// sinceLeader tells how long ago a leader was last known; false if never.
func (r *router) sinceLeader(now time.Time) (time.Duration, bool) {
	at := r.known.Load()
	return now.Sub(time.Unix(0, at)), at != 0
}

// stuck reports whether this node has not applied what is committed for a while.
func (r *router) stuck(now time.Time) bool {
	return now.Sub(time.Unix(0, r.applied.Load())) > readyFor
}
