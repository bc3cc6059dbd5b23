package deferred

import (
	"net"
	"syscall"
	"time"
)

// What the serving goroutine of a connection is at. Whoever closes an idle connection
// moves it from waiting to closed, and Read moves it back: so a request that was read
// is never cut off.
const (
	working = iota
	waiting // for what the client sends
	closed
)

// Read waits for what the client sends.
func (c *replyConn) Read(b []byte) (int, error) {
	if err := c.limitRead(); err != nil {
		return 0, err
	}
	c.doing.Store(waiting)
	c.large = c.large || len(b) > tlsKeeps
	n, err := c.deadlineConn.Read(b)
	if !c.doing.CompareAndSwap(waiting, working) {
		return 0, net.ErrClosed
	}
	if err != nil {
		c.mayRest(err)
	}
	return n, err
}

// idle reports whether the server waits for the client to send something, and defers no
// reply to it. A connection on which nothing was ever sent is idle, and so is one on which
// a request begins and does not end.
func (c *replyConn) idle() bool {
	return (c.doing.Load() == waiting || c.lingers.Load()) && !c.deferred.Load()
}

// stalled reports whether the client does not read its reply.
func (c *replyConn) stalled(now time.Time) bool {
	began := c.sending.Load()
	return began != 0 && now.UnixNano()-began > int64(c.pool.StallAfter) && !c.deferred.Load()
}

// closeWaiting closes the connection if the server waits for the client, defers no reply
// to it, and nothing has come.
func (c *replyConn) closeWaiting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut || c.deferred.Load() || c.fd >= 0 && hasUnread(c.fd) || !c.doing.CompareAndSwap(waiting, closed) {
		return false
	}
	_ = c.closeSocket()
	return true
}

// closeStalled closes the connection if it is stalled, or lingers.
func (c *replyConn) closeStalled(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut || !c.stalled(now) && !c.lingers.Load() {
		return false
	}
	_ = c.closeSocket()
	return true
}

// hasUnread reports whether a socket has something to read.
func hasUnread(fd int) bool {
	var b [1]byte
	n, _, _ := syscall.Recvfrom(fd, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n > 0
}
