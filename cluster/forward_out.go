package cluster

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	aliveEvery   = 150 * time.Millisecond // the leader sends at least that often while something is pending
	silenceLimit = 500 * time.Millisecond // then the connection is given up
	writeLimit   = 2 * time.Second        // for one frame
	maxFrameFill = 256 << 10              // bytes of commands that a follower puts into a frame
)

// forwardOut is a connection to the leader. It takes this node's pending
// commands, sends them, and settles them by the answers. It ends itself when the
// leader falls silent, or answers that it cannot commit; what was pending then
// goes to the next taker.
type forwardOut struct {
	proposals.Consumer
	conn    net.Conn
	table   *proposals.Table
	origin  fsm.Origin
	met     *metrics
	onEnd   func()
	ended   chan struct{}
	end     sync.Once
	loops   sync.WaitGroup
	waiting atomic.Int64 // items sent and not answered
	heard   atomic.Int64 // when a frame last came, or the first item was sent after a lull; Unix ns
}

// startForwardOut takes over conn. onEnd is called when the connection ended by itself.
func startForwardOut(conn net.Conn, table *proposals.Table, origin fsm.Origin, met *metrics, onEnd func()) *forwardOut {
	f := &forwardOut{
		Consumer: *proposals.NewConsumer(), conn: conn, table: table, origin: origin, met: met,
		onEnd: onEnd, ended: make(chan struct{}),
	}
	f.loops.Go(f.send)
	f.loops.Go(f.receive)
	return f
}

func (f *forwardOut) send() {
	defer f.finish()
	var taken proposals.Chunk
	var buf []byte
	for {
		p := commit.Request{Origin: f.origin}
		taken.Reset()
		p.Origin.Floor = f.table.Take(&f.Consumer, &taken, maxFrameItems, maxFrameFill)
		if len(taken.Items) == 0 {
			select {
			case <-f.Wakeup:
				continue
			case <-f.ended:
				return
			}
		}
		p.Items = taken.Items
		if f.waiting.Add(int64(len(p.Items))) == int64(len(p.Items)) {
			f.heard.Store(time.Now().UnixNano())
		}
		buf = appendPropose(buf[:0], &p)
		f.conn.SetWriteDeadline(time.Now().Add(writeLimit))
		if _, err := f.conn.Write(buf); err != nil {
			return
		}
	}
}

func (f *forwardOut) receive() {
	defer f.finish()
	r := bufio.NewReaderSize(f.conn, 64<<10)
	for {
		kind, body, err := readFrame(r)
		if err != nil {
			return
		}
		f.heard.Store(time.Now().UnixNano())
		if kind != frameResults {
			continue
		}
		res, err := decodeResults(body)
		if err != nil {
			return
		}
		f.waiting.Add(-int64(len(res.Items)))
		f.met.answeredForward(res.Items)
		if f.table.Resolve(&f.Consumer, res.Index, res.Items) {
			return // it does not lead, or lost the term: ask anew who does
		}
	}
}

// silent reports whether the leader owes an answer and has not been heard of.
func (f *forwardOut) silent(now time.Time) bool {
	return f.waiting.Load() > 0 && now.UnixNano()-f.heard.Load() > int64(silenceLimit)
}

func (f *forwardOut) alive() bool {
	select {
	case <-f.ended:
		return false
	default:
		return true
	}
}

// finish ends the connection from within.
func (f *forwardOut) finish() {
	f.end.Do(func() {
		close(f.ended)
		f.conn.Close()
		f.onEnd()
	})
}

// close ends the connection and waits for its goroutines.
func (f *forwardOut) close() {
	f.end.Do(func() {
		close(f.ended)
		f.conn.Close()
	})
	f.loops.Wait()
}
