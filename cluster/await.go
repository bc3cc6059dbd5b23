package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

var pendingPool = sync.Pool{New: func() any { return &pending{done: make(chan outcome, 1)} }}

// await puts a command (none: a read barrier) into the table and waits for its
// outcome, at most until ctx ends. A ctx whose Done is nil costs least; its
// deadline is kept within about 50 ms.
func (t *pendingTable) await(ctx context.Context, cmd []byte) outcome {
	if ctx.Err() != nil {
		return outcome{code: fsm.CodeNoLeader}
	}
	p := pendingPool.Get().(*pending)
	deadline, _ := ctx.Deadline()
	*p = pending{cmd: cmd, deadline: deadline, done: p.done}
	seq, refused := t.add(p)
	if refused != fsm.CodeNone {
		pendingPool.Put(p)
		return outcome{code: refused}
	}
	var out outcome
	select {
	case out = <-p.done:
	case <-ctx.Done():
		code, given := t.forget(seq)
		if given {
			out = outcome{code: code}
		} else {
			out = <-p.done
		}
	}
	p.cmd = nil
	pendingPool.Put(p)
	return out
}

// waitFor polls cond until it holds or ctx ends.
func waitFor(ctx context.Context, cond func() bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return cond()
		}
	}
	return true
}
