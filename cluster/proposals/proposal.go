package proposals

import (
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// proposal is one command that somebody waits for. The table's lock guards it while
// it is in the table. Its result comes once: it is sent to done, or onDone is called
// with its code.
type proposal struct {
	cmd      []byte    // none: a read barrier
	deadline time.Time // zero: none
	received time.Time // when a signal of which that matters was received; else zero
	copies   int       // that were taken, and may still take effect
	queued   bool      // in the table's queue
	done     chan Result
	onDone   func(fsm.Code) // nil: somebody waits at done
}

// finish gives p, which the table no longer holds, its result.
func (p *proposal) finish(r Result) {
	if p.onDone == nil {
		p.done <- r
		return
	}
	onDone := p.onDone
	p.free()
	onDone(r.Code)
}

var proposalPool = sync.Pool{New: func() any { return &proposal{done: make(chan Result, 1)} }}

// maxKeptCommand is the longest command whose memory is kept for the next one. A ping
// is shorter.
const maxKeptCommand = 64

func newProposal(deadline time.Time) *proposal {
	p := proposalPool.Get().(*proposal)
	*p = proposal{cmd: p.cmd[:0], deadline: deadline, done: p.done}
	return p
}

// free keeps p's memory for another command. No table may hold p.
func (p *proposal) free() {
	if cap(p.cmd) > maxKeptCommand {
		p.cmd = nil
	}
	p.onDone = nil
	proposalPool.Put(p)
}

// heldFor returns how long ago the command was received, 0 if that does not matter.
func (p *proposal) heldFor() time.Duration {
	if p.received.IsZero() {
		return 0
	}
	return time.Since(p.received)
}

// codeIfGivenUp is the code of a command that nobody waits for any more: unsent if no
// copy of it can take effect.
func (p *proposal) codeIfGivenUp(unsent fsm.Code) fsm.Code {
	if p.copies > 0 {
		return fsm.CodeUnknownOutcome
	}
	return unsent
}

// Item is a command under its sequence number. Without a command it is a read
// barrier: it asks for the index of a batch that is proposed from now on.
type Item struct {
	Seq uint64
	Cmd []byte
}

// ItemResult is the result of one item.
type ItemResult struct {
	Seq  uint64
	Code fsm.Code
	Data []byte
}

// Result is what whoever waits for a command gets.
type Result struct {
	Code  fsm.Code
	Data  []byte
	Index uint64 // of the log entry that holds the command's batch, 0 if there is none
}

// MustRepeat reports whether a code means that the command is to be proposed again,
// rather than being its result.
func MustRepeat(c fsm.Code) bool {
	switch c {
	case fsm.CodeNotLeader, fsm.CodeStaleTerm, fsm.CodeUnknownOutcome:
		return true
	}
	return false
}
