package deferred

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// A connection that is idle for a while rests: fasthttp, which would keep a reader, a
// writer and a request for it, believes that it is closed. A goroutine with next to
// no stack waits for its next byte and then has fasthttp serve it again. So what
// many idle connections hold does not depend on what was sent on them.

// connState hears from fasthttp where a connection is between two requests. Nothing of
// the next one is in a buffer then, if the connection is read from.
func connState(conn net.Conn, s fasthttp.ConnState) {
	c := under(conn)
	switch {
	case c == nil:
	case s == fasthttp.StateIdle:
		c.between, c.head.due = true, true
	case s == fasthttp.StateActive && c.between:
		c.between, c.begun = false, false
	}
}

// limitRead gives the client a time for what is read next: IdleTimeout until a request
// begins, ReadTimeout until it ends, however many reads that takes. fasthttp would do
// it with two looks at the clock and two deadlines more for each request, and most
// need no second read.
func (c *replyConn) limitRead() error {
	switch {
	case c.between:
		return c.reads.set(uptime(c.received.Load())+uptime(c.pool.IdleTimeout), c.Conn.SetReadDeadline)
	case c.begun:
		return nil
	}
	c.begun = true
	return c.SetReadDeadline(time.Now().Add(c.pool.ReadTimeout))
}

// mayRest notes that the next Close is not meant, if err is that of an idle time.
func (c *replyConn) mayRest(err error) {
	if c.between && c.raw != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		c.resting.Store(true)
	}
}

// rest waits for the next request, and reports false if the connection is to be
// closed instead.
func (c *Conn) rest() bool {
	if !c.resting.Swap(false) || c.pool.ended.Load() {
		return false
	}
	c.between, c.begun = false, false // what comes next is no longer awaited
	c.doing.Store(waiting)
	go func() {
		err := c.awaitByte(time.Now().Add(c.pool.IdleLimit))
		if !c.doing.CompareAndSwap(waiting, working) || err != nil || c.pool.ended.Load() {
			_ = c.outer.Close()
			return
		}
		_ = c.pool.http.ServeConn(c.outer)
	}()
	return true
}

// awaitByte waits until there is something to read, and leaves it there.
func (c *Conn) awaitByte(until time.Time) error {
	if err := c.SetReadDeadline(until); err != nil {
		return err
	}
	for {
		err := c.raw.Read(readable)
		if err == nil || !c.reads.extend(err, c.Conn.SetReadDeadline) {
			return err
		}
	}
}

func readable(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	return err != syscall.EAGAIN
}
