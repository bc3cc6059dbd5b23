package api

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	restAfter = 2 * time.Second // without a request a connection gives its buffers back
	idleLimit = 2 * time.Minute // at rest it is closed
)

// A connection that is idle for a while rests: fasthttp, which would keep a reader, a
// writer and a request for it, believes that it is closed. A goroutine with next to
// no stack waits for its next byte and then has fasthttp serve it again. So what
// many idle connections hold does not depend on what was sent on them.

// state hears from fasthttp where a connection is between two requests. Nothing of
// the next one is in a buffer then, if the connection is read from.
func state(conn net.Conn, s fasthttp.ConnState) {
	c := under(conn)
	switch {
	case c == nil:
	case s == fasthttp.StateIdle:
		c.between, c.head.due = true, true
	case s == fasthttp.StateActive && c.between:
		c.between, c.begun = false, false
	}
}

// limitRead gives the client a time for what is read next: idleTimeout until a request
// begins, readTimeout until it ends, however many reads that takes. fasthttp would do
// it with two looks at the clock and two deadlines more for each request, and most
// need no second read.
func (c *owedConn) limitRead() error {
	switch {
	case c.between:
		return c.reads.set(uptime(c.heard.Load())+uptime(c.server.idleTimeout), c.Conn.SetReadDeadline)
	case c.begun:
		return nil
	}
	c.begun = true
	return c.SetReadDeadline(time.Now().Add(c.server.readTimeout))
}

// mayRest notes that the next Close is not meant, if err is that of an idle time.
func (c *owedConn) mayRest(err error) {
	if c.between && c.raw != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		c.resting.Store(true)
	}
}

// rest waits for the next request, and reports false if the connection is to be
// closed instead.
func (c *lingerConn) rest() bool {
	if !c.resting.Swap(false) || c.server.ended.Load() {
		return false
	}
	c.between, c.begun = false, false // what comes next is no longer awaited
	c.doing.Store(waiting)
	go func() {
		err := c.awaitByte(time.Now().Add(c.server.idleLimit))
		if !c.doing.CompareAndSwap(waiting, working) || err != nil || c.server.ended.Load() {
			_ = c.outer.Close()
			return
		}
		_ = c.server.http.ServeConn(c.outer)
	}()
	return true
}

// awaitByte waits until there is something to read, and leaves it there.
func (c *lingerConn) awaitByte(until time.Time) error {
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
