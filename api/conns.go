package api

import (
	"cmp"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// connections are all that are open, so that those that have been idle longest can
// be closed when there are too many.
type connections struct {
	mu  sync.Mutex
	all map[*owedConn]struct{}
}

func (cs *connections) add(c *owedConn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.all == nil {
		cs.all = map[*owedConn]struct{}{}
	}
	cs.all[c] = struct{}{}
}

func (cs *connections) remove(c *owedConn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.all, c)
}

func (cs *connections) len() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.all)
}

// idle is how many are idle, and active how many are not.
func (cs *connections) idle() int { return len(cs.which((*owedConn).idle)) }

func (cs *connections) active() int {
	return len(cs.which(func(c *owedConn) bool { return !c.idle() }))
}

// which returns those that have a property.
func (cs *connections) which(has func(*owedConn) bool) (found []*owedConn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.all {
		if has(c) {
			found = append(found, c)
		}
	}
	return found
}

// stallAfter is for how long an answer may be on its way before the client is taken
// for one that does not read.
const stallAfter = 5 * time.Second

// shed closes up to n connections, idle ones first and then those whose clients do not
// read, those first from which no request has come for the longest time. It returns
// how many it closed.
func (cs *connections) shed(n int) (shed int) {
	now := time.Now()
	type candidate struct {
		conn  *owedConn
		last  int
		heard int64
	}
	var list []candidate
	for _, c := range cs.which(func(c *owedConn) bool { return c.idle() || c.stalled(now) }) {
		list = append(list, candidate{c, rank(!c.idle()), c.heard.Load()})
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.heard, b.heard))
	})
	for _, one := range list {
		c := one.conn
		if n == 0 {
			break
		}
		if c.closeWaiting() || c.closeStalled(now) {
			n--
			shed++
		}
	}
	return shed
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// closeWaiting closes those that only wait for the client: all that rest, at last.
func (cs *connections) closeWaiting() {
	for _, c := range cs.which((*owedConn).idle) {
		c.closeWaiting()
	}
}

// idle reports whether the server waits for the client to send something, and owes
// it no answer. A connection on which nothing was ever sent is idle, and so is one
// on which a request begins and does not end.
func (c *owedConn) idle() bool {
	return (c.doing.Load() == waiting || c.lingers.Load()) && !c.owed.Load()
}

// stalled reports whether the client does not read its answer.
func (c *owedConn) stalled(now time.Time) bool {
	began := c.sending.Load()
	return began != 0 && now.UnixNano()-began > int64(stallAfter) && !c.owed.Load()
}

// closeStalled closes the connection if it is stalled, or lingers.
func (c *owedConn) closeStalled(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut || !c.stalled(now) && !c.lingers.Load() {
		return false
	}
	_ = c.end()
	return true
}

// heardNow notes that a request came, or was answered.
func (c *owedConn) heardNow(now time.Time) { c.heard.Store(int64(uptimeOf(now))) }

// What the serving goroutine of a connection is at. Whoever closes an idle connection
// moves it from waiting to closed, and Read moves it back: so a request that was read
// is never cut off.
const (
	working = iota
	waiting // for what the client sends
	closed
)

// Read waits for what the client sends.
func (c *owedConn) Read(b []byte) (int, error) {
	if err := c.limitRead(); err != nil {
		return 0, err
	}
	c.doing.Store(waiting)
	c.large = c.large || len(b) > tlsKeeps
	n, err := c.lazyConn.Read(b)
	if !c.doing.CompareAndSwap(waiting, working) {
		return 0, net.ErrClosed
	}
	if err != nil {
		c.mayRest(err)
	}
	return n, err
}

// closeWaiting closes the connection if the server waits for the client, owes it
// nothing, and nothing has come.
func (c *owedConn) closeWaiting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut || c.owed.Load() || c.fd >= 0 && hasCome(c.fd) || !c.doing.CompareAndSwap(waiting, closed) {
		return false
	}
	_ = c.end()
	return true
}

// hasCome reports whether a socket has something to read.
func hasCome(fd int) bool {
	var b [1]byte
	n, _, _ := syscall.Recvfrom(fd, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n > 0
}
