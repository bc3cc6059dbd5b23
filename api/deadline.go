package api

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// lazyConn moves the deadlines of the connection beneath only when one comes
// nearer, or has passed though a later one was asked for. The HTTP server sets
// three a request, each far away and later than the last; moving a timer for each
// costs more than parsing the request.
type lazyConn struct {
	net.Conn
	reads, writes lazyDeadline
}

// lazyDeadline is when one direction is to time out, and when its timer is set to.
type lazyDeadline struct {
	mu    sync.Mutex
	want  time.Time // zero: never
	armed time.Time
}

func (c *lazyConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *lazyConn) SetReadDeadline(t time.Time) error {
	return c.reads.set(t, c.Conn.SetReadDeadline)
}

func (c *lazyConn) SetWriteDeadline(t time.Time) error {
	return c.writes.set(t, c.Conn.SetWriteDeadline)
}

func (c *lazyConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n > 0 || err == nil || !c.reads.extend(err, c.Conn.SetReadDeadline) {
			return n, err
		}
	}
}

func (c *lazyConn) Write(b []byte) (sent int, err error) {
	for {
		n, err := c.Conn.Write(b[sent:])
		sent += n
		if err == nil || !c.writes.extend(err, c.Conn.SetWriteDeadline) {
			return sent, err
		}
	}
}

// set notes t, and moves the timer by arm if it would fire too late.
func (d *lazyDeadline) set(t time.Time, arm func(time.Time) error) error {
	d.mu.Lock()
	d.want = t
	if t.IsZero() || !d.armed.IsZero() && !d.armed.After(t) {
		d.mu.Unlock() // not deferred, for it is all that most calls do
		return nil
	}
	defer d.mu.Unlock()
	d.armed = t
	return arm(t)
}

// extend reports whether err is of a timer that fired too early; it is moved then.
func (d *lazyDeadline) extend(err error, arm func(time.Time) error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.want.IsZero() && !time.Now().Before(d.want) {
		return false
	}
	d.armed = d.want
	return arm(d.want) == nil
}
