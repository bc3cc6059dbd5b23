package burst

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

// patience is how long a ping may take.
const patience = 10 * time.Second

// Burst is a number of pings within a time, at even distances, by turns to several addresses and heartbeats.
type Burst struct {
	Pings  int
	During time.Duration // 0: as fast as they are answered
	AtOnce int           // at most so many at a time; 0: however many
	TLS    *tls.Config   // each ping makes a handshake of its own; nil: none
	Addrs  []string
	Tokens []string
}

// outcome is what became of one ping.
type outcome struct {
	status int
	took   time.Duration
	err    error
}

// Run sends the pings. Latency counts from the time at which one was due, and has the making of the connection in it;
// a ping that fails counts as long as it took.
//
// It shares the machine with the servers, and would take more of it than they do: so goroutines ping again, with the
// stack that they have got, and nothing is collected meanwhile.
func (b Burst) Run(ctx context.Context) (*load.Report, error) {
	addrs := make([]*net.TCPAddr, len(b.Addrs))
	for i, addr := range b.Addrs {
		var err error
		if addrs[i], err = net.ResolveTCPAddr("tcp", addr); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	outcomes := make([]outcome, b.Pings)
	began := time.Now()
	if err := b.send(ctx, began, addrs, outcomes); err != nil {
		return nil, err
	}
	return b.report(time.Since(began), outcomes), nil
}

// send sends the pings, each by a goroutine that has nothing else to do.
func (b *Burst) send(ctx context.Context, began time.Time, addrs []*net.TCPAddr, outcomes []outcome) error {
	gap, room := b.During/time.Duration(b.Pings), make(chan struct{}, cmp.Or(b.AtOnce, b.Pings))
	work := make(chan int)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer close(work)
	ping := func(i int) {
		due := began.Add(time.Duration(i) * gap)
		if b.During == 0 {
			due = time.Now()
		}
		status, err := b.ping(addrs[i%len(addrs)], b.Tokens[i%len(b.Tokens)])
		outcomes[i] = outcome{status, time.Since(due), err}
		<-room
	}
	for i := range b.Pings {
		if wait := time.Until(began.Add(time.Duration(i) * gap)); wait > 0 {
			time.Sleep(wait)
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case work <- i:
		default:
			workers.Go(func() {
				ping(i)
				for i := range work {
					ping(i)
				}
			})
		}
	}
	return nil
}

// report sums up what became of all.
func (b *Burst) report(took time.Duration, outcomes []outcome) *load.Report {
	latency := hdrhistogram.New(1, time.Minute.Microseconds(), 3)
	r := &load.Report{Connections: b.Pings, Answers: map[int]int64{}, Failures: map[string]int64{}, Seconds: took.Seconds()}
	for _, o := range outcomes {
		_ = latency.RecordValue(max(1, o.took.Microseconds())) // patience is within its bounds
		if o.err != nil {
			r.Failures[reason(o.err)]++
		} else {
			r.Answers[o.status]++
		}
	}
	r.Whole.Acknowledged = r.Answers[200]
	r.PerSecond = float64(r.Answers[200]) / r.Seconds
	ms := func(p float64) float64 { return float64(latency.ValueAtPercentile(p)) / 1000 }
	r.Latency = load.Percentiles{Min: ms(0), P50: ms(50), P90: ms(90), P99: ms(99), P999: ms(99.9), Max: ms(100)}
	return r
}

// reason is what went wrong, without addresses.
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

var headEnd = []byte("\r\n\r\n")

// ping makes a connection, pings and closes it. It returns the status of the answer.
func (b *Burst) ping(addr *net.TCPAddr, token string) (status int, err error) {
	socket, err := net.DialTCP("tcp", nil, addr)
	if err != nil {
		return 0, err
	}
	var conn net.Conn = socket
	if b.TLS != nil {
		conn = tls.Client(conn, b.TLS)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	var room [1024]byte
	request := append(append(append(room[:0], "POST /v1/heartbeats/"...), token...), "/ping HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"...)
	if _, err := conn.Write(request); err != nil {
		return 0, err
	}
	n := 0
	for !bytes.Contains(room[:n], headEnd) {
		m, err := conn.Read(room[n:])
		if err != nil {
			return 0, err
		}
		if n += m; n == len(room) {
			return 0, io.ErrShortBuffer
		}
	}
	return strconv.Atoi(string(room[len("HTTP/1.1 "):len("HTTP/1.1 200")]))
}
