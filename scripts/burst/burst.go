// Package burst pings as curl does from cron at a full minute: each ping opens a connection of its own, and closes it when it
// is answered.
package burst

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
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
	During time.Duration
	Addrs  []string
	Tokens []string
}

// Run sends the pings. Latency counts from the time at which one was due, and has the making of the connection in it;
// a ping that fails counts as long as it took.
func (b Burst) Run(ctx context.Context) (*load.Report, error) {
	gap := b.During / time.Duration(b.Pings)
	latency, lock := hdrhistogram.New(1, time.Minute.Microseconds(), 3), sync.Mutex{}
	r := &load.Report{Connections: b.Pings, Answers: map[int]int64{}, Failures: map[string]int64{}}
	var pings sync.WaitGroup
	began := time.Now()
	for i := range b.Pings {
		due := began.Add(time.Duration(i) * gap)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			pings.Wait()
			return nil, ctx.Err()
		}
		pings.Go(func() {
			status, err := ping(b.Addrs[i%len(b.Addrs)], b.Tokens[i%len(b.Tokens)])
			lock.Lock()
			defer lock.Unlock()
			_ = latency.RecordValue(max(1, time.Since(due).Microseconds())) // patience is within its bounds
			if err != nil {
				r.Failures[load.FailedConnection]++
				return
			}
			r.Answers[status]++
		})
	}
	pings.Wait()
	r.Seconds = time.Since(began).Seconds()
	r.Whole.Acknowledged = r.Answers[200]
	r.PerSecond = float64(r.Answers[200]) / r.Seconds
	ms := func(p float64) float64 { return float64(latency.ValueAtPercentile(p)) / 1000 }
	r.Latency = load.Percentiles{Min: ms(0), P50: ms(50), P90: ms(90), P99: ms(99), P999: ms(99.9), Max: ms(100)}
	return r, nil
}

// ping makes a connection, pings and closes it. It returns the status of the answer.
func ping(addr, token string) (status int, err error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(conn, "POST /v1/heartbeats/%s/ping HTTP/1.1\r\nHost: %s\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n", token, addr); err != nil {
		return 0, err
	}
	var answer [1024]byte
	n := 0
	for !strings.Contains(string(answer[:n]), "\r\n\r\n") {
		m, err := conn.Read(answer[n:])
		if err != nil {
			return 0, err
		}
		if n += m; n == len(answer) {
			return 0, io.ErrShortBuffer
		}
	}
	_, err = fmt.Sscanf(string(answer[:n]), "HTTP/1.1 %d", &status)
	return status, err
}
