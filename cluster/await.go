package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

var pendingPool = sync.Pool{New: func() any { return &pending{done: make(chan outcome, 1)} }}

// maxKept is the longest command whose memory is kept for the next one: a ping's.
const maxKept = 64

func newPending(deadline time.Time) *pending {
	p := pendingPool.Get().(*pending)
	*p = pending{cmd: p.cmd[:0], deadline: deadline, done: p.done}
	return p
}

// free keeps p for another command. It must not be in a table.
func (p *pending) free() {
	if cap(p.cmd) > maxKept {
		p.cmd = nil
	}
	p.then = nil
	pendingPool.Put(p)
}

// await puts a command (none: a read barrier) into the table and waits for its
// outcome, at most until ctx ends. A ctx whose Done is nil costs least; its
// deadline is kept within about 50 ms.
func (t *pendingTable) await(ctx context.Context, cmd []byte) outcome {
	return t.awaitFrom(ctx, time.Time{}, cmd)
}

// awaitFrom is await of a signal that came at a time, which is told with it if it
// is held for long.
func (t *pendingTable) awaitFrom(ctx context.Context, came time.Time, cmd []byte) outcome {
	if ctx.Err() != nil {
		return outcome{code: fsm.CodeNoLeader}
	}
	deadline, _ := ctx.Deadline()
	p := newPending(deadline)
	p.cmd, p.came = cmd, came
	return t.wait(p, ctx.Done())
}

// awaitPing is await of a ping, without a context and without allocating.
func (t *pendingTable) awaitPing(deadline time.Time, ping fsm.PingOrdinal) fsm.Code {
	p := newPending(deadline)
	p.cmd = fsm.AppendPing(p.cmd, ping)
	return t.wait(p, nil).code
}

// pingThen is awaitPing for one who does not wait: then is called with the outcome,
// once, unless it returns a code other than CodeNone, which refuses the ping.
func (t *pendingTable) pingThen(deadline time.Time, ping fsm.PingOrdinal, then func(fsm.Code)) (refused fsm.Code) {
	p := newPending(deadline)
	p.cmd, p.then = fsm.AppendPing(p.cmd, ping), then
	if _, refused = t.add(p); refused != fsm.CodeNone {
		p.free()
	}
	return refused
}

func (t *pendingTable) wait(p *pending, done <-chan struct{}) (out outcome) {
	seq, refused := t.add(p)
	switch {
	case refused != fsm.CodeNone:
		out.code = refused
	case done == nil:
		out = <-p.done
	default:
		out = t.waitOrForget(p, seq, done)
	}
	p.free()
	return out
}

func (t *pendingTable) waitOrForget(p *pending, seq uint64, done <-chan struct{}) outcome {
	select {
	case out := <-p.done:
		return out
	case <-done:
	}
	if code, given := t.forget(seq); given {
		return outcome{code: code}
	}
	return <-p.done
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
