package deferred

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Plain requests on a kept connection are taken here, before fasthttp sees them: what it
// does for each costs as much as all else that this program does for a ping. It goes on
// waiting for the first byte of a request, and gets the first one that is not plain, or is
// not taken. This file is all of their way in; reply.go is their way out.

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
	if c.deferred.Load() || c.pool.leaving.Load() {
		return false
	}
	r, ok := c.pool.plain.read(b)
	r.From = c.from
	return ok && c.pool.opts.Take(c, r, now)
}

// Request is a plain request: a head that says nothing but a method and a target, and no
// body. Its memory is used again.
type Request struct {
	Path []byte // the target, as it was sent: who takes the request knows every byte of it
	Post bool
	Head bool
	From netip.Addr // the connection's other end
}

// plainReader reads plain requests.
type plainReader struct {
	known  atomic.Pointer[[]byte] // lines that are plain; nil: none yet
	misses atomic.Uint32          // since known
}

var (
	getLine  = []byte("GET /")
	postLine = []byte("POST /")
	headLine = []byte("HEAD /")
	firstEnd = []byte(" HTTP/1.1\r\n")
)

// rememberEvery is after how many others lines are remembered that are plain.
const rememberEvery = 64

// read reads b if it is one plain request and nothing else. What it takes is a small part of
// HTTP/1.1, on which nobody can be of two minds: everything else is for fasthttp to judge.
func (p *plainReader) read(b []byte) (r Request, ok bool) {
	switch {
	case bytes.HasPrefix(b, postLine):
		r.Post, b = true, b[len(postLine)-1:]
	case bytes.HasPrefix(b, getLine):
		b = b[len(getLine)-1:]
	case bytes.HasPrefix(b, headLine):
		r.Head, b = true, b[len(headLine)-1:]
	default:
		return r, false
	}
	n := bytes.IndexByte(b, ' ')
	if n < 0 || !bytes.HasPrefix(b[n:], firstEnd) {
		return r, false
	}
	r.Path = b[:n]
	return r, p.lines(b[n+len(firstEnd):])
}

// lines is plainLines, which it asks but for lines that it knows: clients of one kind all
// send the same.
func (p *plainReader) lines(b []byte) bool {
	if known := p.known.Load(); known != nil && bytes.Equal(*known, b) {
		return true
	}
	if !plainLines(b) {
		return false
	}
	if p.misses.Add(1)%rememberEvery == 1 {
		lines := bytes.Clone(b)
		p.known.Store(&lines)
	}
	return true
}

// DeferReady defers a reply that is there already, and must not change any more, until
// the function that it returns is called with the outcome. start is when the request came.
func (c *replyConn) DeferReady(ready []byte, r Reply, start time.Time) (resolve func(fsm.Code)) {
	r.start = uptimeOf(start)
	c.mu.Lock()
	c.reply, c.ready = r, ready
	c.deferred.Store(true)
	c.mu.Unlock()
	return c.resolve
}

// TakeBack undoes DeferReady: its function will not be called.
func (c *replyConn) TakeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = nil
	c.deferred.Store(false)
	c.sent.Broadcast()
}
