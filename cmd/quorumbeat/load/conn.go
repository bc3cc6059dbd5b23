package load

import (
	"bufio"
	"context"
	"net"
	"time"
)

const (
	// stale is how long a connection may lie idle before it is made anew: servers
	// close idle ones, and a ping that meets that would look like a failure of theirs.
	stale   = 10 * time.Second
	lineMax = 2048 // bytes of a line of an answer's head
)

// conn is one keep-alive connection, made again when it was lost.
type conn struct {
	to       *target
	timeout  time.Duration
	c        net.Conn // nil: not connected
	r        *bufio.Reader
	req      []byte
	used     time.Time // when it last answered
	deadline time.Time // as the socket knows it
}

func newConn(to *target, timeout time.Duration) *conn {
	return &conn{to: to, timeout: timeout, r: bufio.NewReaderSize(nil, lineMax)}
}

// connect makes the connection unless it stands and is fresh.
func (c *conn) connect(ctx context.Context, now time.Time) error {
	if c.c != nil && now.Sub(c.used) < stale {
		return nil
	}
	c.close()
	made, err := c.to.dial(ctx)
	if err != nil {
		return err
	}
	c.c, c.used, c.deadline = made, time.Now(), time.Time{}
	c.r.Reset(made)
	return nil
}

func (c *conn) close() {
	if c.c != nil {
		_ = c.c.Close()
		c.c = nil
	}
}

// ping sends one ping at now, and reads its answer. After an error the connection
// is gone.
func (c *conn) ping(ctx context.Context, token string, now time.Time) (answer, error) {
	a, err := c.pingOnce(ctx, token, now)
	if err != nil || a.closes {
		c.close()
	}
	return a, err
}

func (c *conn) pingOnce(ctx context.Context, token string, now time.Time) (answer, error) {
	if err := c.connect(ctx, now); err != nil {
		return answer{}, err
	}
	c.extendDeadline(now)
	c.req = c.to.appendRequest(c.req[:0], token)
	if _, err := c.c.Write(c.req); err != nil {
		return answer{}, err
	}
	return readAnswer(c.r)
}

// extendDeadline lets a ping that begins now take the timeout, or up to a quarter more: to set
// a socket's deadline for each of them would cost a good part of what a ping does.
func (c *conn) extendDeadline(now time.Time) {
	if c.deadline.Sub(now) < c.timeout {
		c.deadline = now.Add(c.timeout + c.timeout/4)
		_ = c.c.SetDeadline(c.deadline) // fails on a closed one, as the write will
	}
}
