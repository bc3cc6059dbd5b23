package fsm

import "sync"

// tokenIndex finds heartbeats by token. It has a lock of its own, which only what
// creates and deletes takes for writing: so a node that looks up the token of every
// ping it is sent does not wait while a batch of pings is applied. Entries are
// applied one at a time, so Apply reads it without the lock.
type tokenIndex struct {
	mu   sync.RWMutex
	ords map[Token]uint64
}

func newTokenIndex() *tokenIndex { return &tokenIndex{ords: map[Token]uint64{}} }

// find is for Apply and Restore, and for those who hold the store's lock.
func (x *tokenIndex) find(t Token) (uint64, bool) {
	ord, ok := x.ords[t]
	return ord, ok
}

// lookup is for everybody.
func (x *tokenIndex) lookup(t Token) (uint64, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.find(t)
}

func (x *tokenIndex) put(t Token, ord uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ords[t] = ord
}

func (x *tokenIndex) remove(t Token) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.ords, t)
}
