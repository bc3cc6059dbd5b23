package forward

import (
	"net"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
)

// maxUnanswered bounds the items of one connection that have no result yet. A follower
// that is in order has fewer.
const maxUnanswered = 2 * proposals.MaxHeld

// maxReplyFill is about how many bytes of data the leader puts into a frame.
const maxReplyFill = 1 << 20

// followerConn is the connection of one follower, at the leader. Results gather in out
// while the writer is busy, so that a slow connection costs fewer, larger writes.
type followerConn struct {
	conn       net.Conn
	wake       lifecycle.Wakeup
	ended      chan struct{}
	aliveTimer *time.Timer // runs while results are missing

	mu         sync.Mutex
	unanswered int    // items without a result
	timerRuns  bool   // aliveTimer runs
	out        []byte // frames to be sent
}

func newFollowerConn(conn net.Conn) *followerConn {
	c := &followerConn{conn: conn, wake: lifecycle.NewWakeup(), ended: make(chan struct{}), aliveTimer: time.NewTimer(aliveEvery)}
	c.aliveTimer.Stop()
	return c
}

// expect notes that results of n items are to be sent; false if that is more than any
// follower in order waits for.
func (c *followerConn) expect(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unanswered += n
	if !c.timerRuns {
		c.timerRuns = true
		c.aliveTimer.Reset(aliveEvery)
	}
	return c.unanswered <= maxUnanswered
}

// restartTimer starts the timer again if results are still missing.
func (c *followerConn) restartTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timerRuns = c.unanswered > 0; c.timerRuns {
		c.aliveTimer.Reset(aliveEvery)
	}
}

// reply queues the results of some items, in frames of bounded size.
func (c *followerConn) reply(r *commit.Results) {
	c.mu.Lock()
	c.unanswered -= len(r.Items)
	for rest := r.Items; len(rest) > 0; {
		n := countForFrame(rest)
		c.out = appendResults(c.out, &commit.Results{Index: r.Index, Items: rest[:n]})
		rest = rest[n:]
	}
	c.mu.Unlock()
	c.wake.Wake()
}

// countForFrame returns how many of the results go into one frame.
func countForFrame(results []proposals.ItemResult) int {
	size := 0
	for i, r := range results {
		if size += len(r.Data); i > 0 && size > maxReplyFill {
			return i
		}
	}
	return len(results)
}

// takeOut returns the frames to send now, and gathers the next ones in buf. If there are
// none and results are missing, it returns an alive frame.
func (c *followerConn) takeOut(buf []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.out
	c.out = buf[:0]
	if len(out) == 0 && c.unanswered > 0 {
		out = appendAlive(out)
	}
	return out
}

func (c *followerConn) send() {
	defer c.conn.Close()
	defer c.aliveTimer.Stop()
	var buf []byte
	for {
		select {
		case <-c.wake:
		case <-c.aliveTimer.C:
			c.restartTimer()
		case <-c.ended:
			return
		}
		if buf = c.takeOut(buf); len(buf) == 0 {
			continue
		}
		c.conn.SetWriteDeadline(time.Now().Add(writeLimit))
		if _, err := c.conn.Write(buf); err != nil {
			return
		}
	}
}
