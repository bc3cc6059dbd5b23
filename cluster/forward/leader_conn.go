package forward

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
	aliveEvery   = 150 * time.Millisecond // the leader sends something at least that often while results are missing
	silenceLimit = 500 * time.Millisecond // after so long without a frame the connection is given up
	writeLimit   = 2 * time.Second        // for one frame
	maxFrameFill = 256 << 10              // bytes of commands that a follower puts into a frame
)

// leaderConn is a connection to the leader. It takes the commands that wait at this
// node, sends them, and gives the results that come back to the table. It ends by itself
// when the leader says that it cannot commit. The router ends it when the leader is
// silent. The commands then go to the next consumer.
type leaderConn struct {
	proposals.Consumer
	conn         net.Conn
	table        *proposals.Table
	origin       fsm.Origin
	onResults    func([]proposals.ItemResult)
	onEnd        func()
	ended        chan struct{}
	end          sync.Once
	loops        sync.WaitGroup
	unanswered   atomic.Int64 // items that were sent and have no result
	lastReceived atomic.Int64 // when a frame was last received, or the first item was sent after a lull; Unix ns
}

// newLeaderConn takes over conn. It calls onEnd when the connection ended by itself.
func newLeaderConn(conn net.Conn, table *proposals.Table, origin fsm.Origin, onResults func([]proposals.ItemResult), onEnd func()) *leaderConn {
	c := &leaderConn{
		Consumer: *proposals.NewConsumer(), conn: conn, table: table, origin: origin, onResults: onResults,
		onEnd: onEnd, ended: make(chan struct{}),
	}
	c.loops.Go(c.send)
	c.loops.Go(c.receive)
	return c
}

func (c *leaderConn) send() {
	defer c.endByItself()
	var taken proposals.Chunk
	var buf []byte
	for {
		p := commit.Request{Origin: c.origin}
		taken.Reset()
		p.Origin.Floor = c.table.Take(&c.Consumer, &taken, maxFrameItems, maxFrameFill)
		if len(taken.Items) == 0 {
			select {
			case <-c.Wakeup:
				continue
			case <-c.ended:
				return
			}
		}
		p.Items = taken.Items
		if c.unanswered.Add(int64(len(p.Items))) == int64(len(p.Items)) {
			c.lastReceived.Store(time.Now().UnixNano())
		}
		buf = appendPropose(buf[:0], &p)
		c.conn.SetWriteDeadline(time.Now().Add(writeLimit))
		if _, err := c.conn.Write(buf); err != nil {
			return
		}
	}
}

func (c *leaderConn) receive() {
	defer c.endByItself()
	r := bufio.NewReaderSize(c.conn, 64<<10)
	for {
		kind, body, err := readFrame(r)
		if err != nil {
			return
		}
		c.lastReceived.Store(time.Now().UnixNano())
		if kind != frameResults {
			continue
		}
		res, err := decodeResults(body)
		if err != nil {
			return
		}
		c.unanswered.Add(-int64(len(res.Items)))
		c.onResults(res.Items)
		if c.table.Resolve(&c.Consumer, res.Index, res.Items) {
			return // it does not lead, or not in that term: the router asks who does
		}
	}
}

// silent reports whether results are missing and nothing was received for a while.
func (c *leaderConn) silent(now time.Time) bool {
	return c.unanswered.Load() > 0 && now.UnixNano()-c.lastReceived.Load() > int64(silenceLimit)
}

func (c *leaderConn) alive() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// endByItself ends the connection from within.
func (c *leaderConn) endByItself() {
	c.end.Do(func() {
		close(c.ended)
		c.conn.Close()
		c.onEnd()
	})
}

// close ends the connection and waits for its goroutines.
func (c *leaderConn) close() {
	c.end.Do(func() {
		close(c.ended)
		c.conn.Close()
	})
	c.loops.Wait()
}
