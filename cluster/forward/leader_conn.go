package forward

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

const (
	aliveEvery   = 150 * time.Millisecond // the leader sends something at least that often while results are missing
	silenceLimit = 500 * time.Millisecond // after so long without a frame the connection is given up
	writeLimit   = 2 * time.Second        // for one frame
	shareToSend  = 3                      // so small a share of the commands without a result is not worth a frame
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
	origin       logentry.Origin
	onResults    func([]proposals.ItemResult)
	onEnd        func()
	ended        chan struct{}
	end          sync.Once
	loops        sync.WaitGroup
	unanswered   atomic.Int64    // items that were sent and have no result
	turn         atomic.Int32    // 0: nobody sends; else somebody does, and looks again if it has grown meanwhile
	handed       chan struct{}   // the turn goes to the goroutine that sends
	taken        proposals.Chunk // of who has the turn
	buf          []byte          // likewise
	lastReceived atomic.Int64    // when a frame was last received, or the first item was sent after a lull; Unix ns
}

// newLeaderConn takes over conn. It calls onEnd when the connection ended by itself.
func newLeaderConn(conn net.Conn, table *proposals.Table, origin logentry.Origin, onResults func([]proposals.ItemResult), onEnd func()) *leaderConn {
	c := &leaderConn{
		Consumer: *proposals.NewConsumer(), conn: conn, table: table, origin: origin, onResults: onResults,
		onEnd: onEnd, ended: make(chan struct{}), handed: make(chan struct{}, 1),
	}
	c.Here = c.sendHere
	c.loops.Go(c.send)
	c.loops.Go(c.receive)
	return c
}

// sendHere sends a command on the goroutine of whoever added it, if nobody sends: to wake another one for that
// takes as long as the rest. What comes meanwhile is left to send.
func (c *leaderConn) sendHere() { c.sendIf(c.worthwhile) }

// sendIf sends what waits if that is enough, unless somebody sends.
func (c *leaderConn) sendIf(enough func() int) {
	if c.turn.Add(1) > 1 {
		return
	}
	for range 2 { // the second finds nothing, as a rule
		seen := c.turn.Load()
		sent, err := c.sendFrame(enough())
		if err != nil {
			c.endByItself()
			return // with the turn: nothing more is sent
		}
		if !sent && c.turn.CompareAndSwap(seen, 0) {
			return
		}
	}
	c.handed <- struct{}{}
}

// send sends what sendHere leaves, and what waited when the connection was made.
func (c *leaderConn) send() {
	defer c.endByItself()
	for {
		select {
		case <-c.Wakeup:
			if c.turn.Add(1) > 1 {
				continue
			}
		case <-c.handed:
		case <-c.ended:
			return
		}
		if c.sendAll() != nil {
			return
		}
	}
}

// sendAll sends what waits and what comes meanwhile, and gives up the turn.
func (c *leaderConn) sendAll() error {
	for {
		seen := c.turn.Load()
		sent, err := c.sendFrame(c.worthwhile())
		if err != nil {
			return err
		}
		if !sent && c.turn.CompareAndSwap(seen, 0) {
			return nil
		}
	}
}

// worthwhile is how many commands are worth a frame. Beside many that have no result yet a few do not hurry: they
// go with those that follow, or when the next results come.
func (c *leaderConn) worthwhile() int { return max(1, int(c.unanswered.Load())/shareToSend) }

// sendAfterResults sends what waits, however little. It is not left to worthwhile for longer than between two
// frames of the leader's, of which there is one every 150 ms at least. If nothing waits, the next command is told of
// at once, for what was enough until now hung on commands that have their results.
func (c *leaderConn) sendAfterResults() { c.sendIf(func() int { return 1 }) }

// sendFrame sends what waits if that is enough, as much as a frame takes; false if it is not. If it is not, sendHere
// is called when it is. Who calls it has the turn.
func (c *leaderConn) sendFrame(enough int) (sent bool, err error) {
	if c.table.Queued(&c.Consumer, enough) < enough {
		return false, nil
	}
	p := commit.Request{Origin: c.origin}
	c.taken.Reset()
	p.Origin.Floor = c.table.Take(&c.Consumer, &c.taken, maxFrameItems, maxFrameFill)
	p.Items = c.taken.Items
	if len(p.Items) == 0 {
		return false, nil
	}
	if c.unanswered.Add(int64(len(p.Items))) == int64(len(p.Items)) {
		c.lastReceived.Store(time.Now().UnixNano())
	}
	c.buf = appendPropose(c.buf[:0], &p)
	c.conn.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err = c.conn.Write(c.buf)
	return true, err
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
			c.sendAfterResults()
			continue
		}
		res, err := decodeResults(body)
		if err != nil {
			return
		}
		c.unanswered.Add(-int64(len(res.Items)))
		c.sendAfterResults()
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
