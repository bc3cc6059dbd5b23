package forward

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	routeEvery = 50 * time.Millisecond // how often the router looks without being asked while commands wait, or nobody takes them
	dialLimit  = time.Second
)

// ReadyFor is how long a node stays ready without a known leader. It is longer than an
// election, so that an election does not make a load balancer drop every node.
const ReadyFor = 10 * time.Second

// Leader is the leader as a node sees it.
type Leader struct {
	ID   string // its node ID; "": no leader is known
	Addr string
	Term uint64
}

// RouterOptions are what a router needs of its node.
type RouterOptions struct {
	Table   *proposals.Table
	Batcher *commit.Batcher
	Origin  logentry.Origin
	Leader  func() Leader                                   // as this node sees it
	Dial    func(context.Context, Leader) (net.Conn, error) // opens a forwarding connection
	Applies func() bool                                     // whether this node applies what is committed

	OnResults func([]proposals.ItemResult) // called for results of forwarded items, for the metrics; nil: nobody
	Log       *slog.Logger
}

// Router decides who takes the commands that wait at this node: its own batcher while
// this node leads, else the connection to the leader, else nobody. It also makes their
// deadlines pass.
type Router struct {
	opt             RouterOptions
	self            string
	stalls          proposals.StallDetector
	changed         lifecycle.Wakeup // woken when something may have changed
	leaderLastKnown atomic.Int64     // Unix ns; 0: never
	lastApplying    atomic.Int64     // when this node was last seen to apply what is committed, Unix ns

	// Of the goroutine that runs:
	leaderWasKnown bool               // at the last look
	target         Leader             // of conn, or of the dialing under way
	conn           *leaderConn        // nil: there is none
	cancelDial     context.CancelFunc // nil: no dialing is under way
	dialed         chan net.Conn      // gets nil when dialing failed
	lastDial       time.Time
}

// NewRouter returns a router that does not run yet.
func NewRouter(o RouterOptions) *Router {
	if o.OnResults == nil {
		o.OnResults = func([]proposals.ItemResult) {}
	}
	return &Router{opt: o, self: o.Origin.Node.String(), changed: lifecycle.NewWakeup()}
}

// ReceivedAt returns when a request that is read at now may have been received.
func (r *Router) ReceivedAt(now time.Time) time.Time { return r.stalls.ReceivedAt(now) }

// Wake makes the router look at once, because the leader may have changed.
func (r *Router) Wake() { r.changed.Wake() }

// Run routes until ctx ends.
func (r *Router) Run(ctx context.Context) {
	look := time.NewTimer(0)
	defer look.Stop()
	defer r.hangUp()
	soon := func() { look.Reset(routeEvery) }
	for {
		select {
		case <-look.C:
		case <-r.changed:
		case conn := <-r.dialed:
			r.useConn(conn)
		case <-ctx.Done():
			r.opt.Table.SetConsumer(nil)
			return
		}
		r.route(ctx, time.Now())
		look.Reset(tick.Until(time.Now(), tick.Every)) // first, because the table may call soon at once
		if !r.hasConsumer() || !r.opt.Table.OnNextAdd(soon) {
			soon()
		}
	}
}

// hasConsumer reports whether somebody takes commands.
func (r *Router) hasConsumer() bool { return r.conn != nil || r.opt.Batcher.ActiveConsumer() != nil }

func (r *Router) route(ctx context.Context, now time.Time) {
	r.stalls.Beat(now)
	r.opt.Table.Expire(now)
	leader := r.opt.Leader()
	if r.leaderWasKnown || leader.ID != "" { // a leader known at the last look was known until now, because a change wakes the router
		r.leaderLastKnown.Store(now.UnixNano())
	}
	r.leaderWasKnown = leader.ID != ""
	if r.opt.Applies() {
		r.lastApplying.Store(now.UnixNano())
	}
	if local := r.opt.Batcher.ActiveConsumer(); local != nil {
		r.hangUp()
		r.opt.Table.SetConsumer(local)
		return
	}
	known := leader.ID != "" && leader.ID != r.self
	moved := known && r.target != leader // while no leader is known, a connection that works stays
	if moved || r.conn != nil && (!r.conn.alive() || r.conn.silent(now)) {
		r.hangUp()
	}
	if r.conn != nil {
		return
	}
	r.opt.Table.SetConsumer(nil)
	if known {
		r.startDial(ctx, leader, now)
	}
}

// startDial begins to dial the leader, unless dialing is under way or was just tried.
func (r *Router) startDial(ctx context.Context, leader Leader, now time.Time) {
	if r.cancelDial != nil || now.Sub(r.lastDial) < routeEvery {
		return
	}
	r.target, r.lastDial = leader, now
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	done := make(chan net.Conn, 1)
	r.cancelDial, r.dialed = cancel, done
	go func() {
		conn, err := r.opt.Dial(ctx, leader)
		if err != nil {
			r.opt.Log.Debug("the leader cannot be reached", "leader", leader.ID, "address", leader.Addr, "error", err)
			conn = nil
		}
		done <- conn
	}()
}

// useConn gives the commands to a connection that was dialed; nil: dialing failed.
func (r *Router) useConn(conn net.Conn) {
	r.endDial()
	if conn == nil {
		return
	}
	r.conn = newLeaderConn(conn, r.opt.Table, r.opt.Origin, r.opt.OnResults, r.Wake)
	r.opt.Table.SetConsumer(&r.conn.Consumer)
}

func (r *Router) endDial() {
	if r.cancelDial != nil {
		r.cancelDial()
		r.cancelDial, r.dialed = nil, nil
	}
}

// hangUp ends the connection to the leader, and any attempt at one.
func (r *Router) hangUp() {
	if r.cancelDial != nil {
		r.cancelDial()
		if conn := <-r.dialed; conn != nil {
			conn.Close()
		}
		r.endDial()
	}
	if r.conn != nil {
		r.conn.close()
		r.conn = nil
	}
	r.target = Leader{}
}

// SinceLeader tells how long ago a leader was last known; false if never.
func (r *Router) SinceLeader(now time.Time) (time.Duration, bool) {
	at := r.leaderLastKnown.Load()
	return now.Sub(time.Unix(0, at)), at != 0
}

// Stuck reports whether this node has not applied what is committed for a while.
func (r *Router) Stuck(now time.Time) bool {
	return now.Sub(time.Unix(0, r.lastApplying.Load())) > ReadyFor
}
