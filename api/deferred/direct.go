package deferred

import (
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// Plain requests on a kept connection are taken here, before fasthttp sees them: what it
// does for each costs as much as all else that this program does for a ping. It goes on
// waiting for the first byte of a request, and gets the first one that is not plain, or is
// not taken.

// directRoom is how long a request may be that is read here. It is read to memory that all
// connections use in turn, so that those that wait need none, and caches have it.
const directRoom = 1024

var directRooms = sync.Pool{New: func() any { return new([directRoom]byte) }}

// directReader reads for the serving goroutine.
type directReader struct {
	step func(fd uintptr) bool // readDirect, bound once
	into []byte                // fasthttp's buffer
	n    int                   // how much of it was filled
	err  error
}

// takesDirect reports whether the next read begins a request that may be taken here: not the
// first of a connection, for which fasthttp has more to do than to read it.
func (c *Conn) takesDirect() bool { return c.between && c.able && c.drained && c.pool.opts.Take != nil }

// readRequest is Read for the beginning of a request. It takes plain requests until one
// comes that is none.
func (c *Conn) readRequest(b []byte) (int, error) {
	if err := c.limitRead(); err != nil {
		return 0, err
	}
	if c.direct.step == nil {
		c.direct.step = c.readDirect
	}
	c.direct.into = b
	defer func() { c.direct.into = nil }()
	for {
		c.doing.Store(waiting)
		err := c.raw.Read(c.direct.step)
		if err == nil {
			return c.direct.n, c.direct.err
		}
		_ = c.limitRead() // which counts from the last request
		if c.reads.extend(err, c.Conn.SetReadDeadline) {
			continue
		}
		if !c.doing.CompareAndSwap(waiting, working) {
			return 0, net.ErrClosed
		}
		c.mayRest(err)
		return 0, err
	}
}

// readDirect reads what the socket has, and takes it or has readRequest return it. It reports
// false to be called again when more has come.
func (c *Conn) readDirect(fd uintptr) (done bool) {
	room := directRooms.Get().(*[directRoom]byte)
	defer directRooms.Put(room)
	n, err := syscall.Read(int(fd), room[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), room[:])
	}
	if err == syscall.EAGAIN {
		return false
	}
	if !c.doing.CompareAndSwap(waiting, working) {
		c.direct.n, c.direct.err = 0, net.ErrClosed
		return true
	}
	now := time.Now()
	if n > 0 && n < directRoom && c.take(room[:n], now) {
		c.noteReceived(now)
		c.doing.Store(waiting)
		// The socket was read empty, so whatever comes next wakes this again: to look at
		// once would find nothing most of the time. An end that came together with the
		// request wakes nobody, and is seen when the idle time is over.
		return false
	}
	c.direct.n, c.direct.err = copy(c.direct.into, room[:max(n, 0)]), err
	if n == 0 && err == nil {
		c.direct.err = io.EOF
	}
	return true
}

// take has a plain request taken, and reports whether it was.
func (c *Conn) take(b []byte, now time.Time) bool {
	if c.deferred.Load() || c.pool.Leaving() {
		return false
	}
	r, ok := c.pool.plain.read(b)
	return ok && c.pool.opts.Take(c, r, now)
}

// DeferReady defers a reply that is there already, and must not change any more, until
// Resolve's function is called. start is when the request came.
func (c *replyConn) DeferReady(ready []byte, r Reply, start time.Time) {
	r.start = uptimeOf(start)
	c.mu.Lock()
	c.reply, c.ready = r, ready
	c.deferred.Store(true)
	c.mu.Unlock()
}

// TakeBack undoes DeferReady: Resolve's function will not be called.
func (c *replyConn) TakeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = nil
	c.deferred.Store(false)
	c.sent.Broadcast()
}
