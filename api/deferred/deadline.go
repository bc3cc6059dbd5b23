package deferred

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// deadlineConn moves the deadlines of the connection beneath only when one comes
// nearer, or has passed though a later one was asked for. The HTTP server sets
// three a request, each far away and later than the last; moving a timer for each
// costs more than parsing the request.
type deadlineConn struct {
	net.Conn
	reads, writes deadline
}

// deadline is when one direction is to time out, and when its timer is set to; 0
// is never.
type deadline struct {
	mu          sync.Mutex
	want, armed uptime
}

func (c *deadlineConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *deadlineConn) SetReadDeadline(t time.Time) error {
	return c.reads.set(uptimeOf(t), c.Conn.SetReadDeadline)
}

func (c *deadlineConn) SetWriteDeadline(t time.Time) error {
	return c.writes.set(uptimeOf(t), c.Conn.SetWriteDeadline)
}

func (c *deadlineConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n > 0 || err == nil || !c.reads.extend(err, c.Conn.SetReadDeadline) {
			return n, err
		}
	}
}

func (c *deadlineConn) Write(b []byte) (sent int, err error) {
	for {
		n, err := c.Conn.Write(b[sent:])
		sent += n
		if err == nil || !c.writes.extend(err, c.Conn.SetWriteDeadline) {
			return sent, err
		}
	}
}

// set notes what is wanted, and moves the timer by arm if it would fire too late.
func (d *deadline) set(want uptime, arm func(time.Time) error) error {
	d.mu.Lock()
	d.want = want
	if want == 0 || d.armed != 0 && d.armed <= want {
		d.mu.Unlock() // not deferred, for it is all that most calls do
		return nil
	}
	defer d.mu.Unlock()
	d.armed = want
	return arm(want.time())
}

// extend reports whether err is of a timer that fired too early; it is moved then.
func (d *deadline) extend(err error, arm func(time.Time) error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.want != 0 && d.want.since() >= 0 {
		return false
	}
	d.armed = d.want
	return arm(d.armed.time()) == nil
}
