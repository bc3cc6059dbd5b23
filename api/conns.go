package api

import (
	"slices"
	"sync"
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

// shed closes up to n idle connections, those first from which no request has come
// for the longest time, and returns how many it closed.
func (cs *connections) shed(n int) (closed int) {
	idle := cs.which((*owedConn).idle)
	age := make(map[*owedConn]int64, len(idle)) // a snapshot: it may change while it is sorted
	for _, c := range idle {
		age[c] = c.heard.Load()
	}
	slices.SortFunc(idle, func(a, b *owedConn) int { return int(age[a] - age[b]) })
	for _, c := range idle {
		if closed == n {
			break
		}
		if c.closeIdle() {
			closed++
		}
	}
	return closed
}

// idle reports whether the server waits for the client to send something, and owes
// it no answer. A connection on which nothing was ever sent is idle, and so is one
// on which a request begins and does not end.
func (c *owedConn) idle() bool { return c.waits.Load() && !c.owed.Load() }

// closeIdle closes the connection if it is idle still.
func (c *owedConn) closeIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut || !c.idle() {
		return false
	}
	_ = c.end()
	return true
}

// heardNow notes that a request came.
func (c *owedConn) heardNow(now time.Time) { c.heard.Store(now.UnixNano()) }

// Read waits for what the client sends.
func (c *owedConn) Read(b []byte) (int, error) {
	c.waits.Store(true)
	n, err := c.lazyConn.Read(b)
	c.waits.Store(false)
	if err != nil {
		c.mayRest(err)
	}
	return n, err
}
