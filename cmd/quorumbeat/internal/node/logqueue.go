package node

import (
	"bytes"
	"io"
	"sync"
	"time"
)

const (
	logLines   = 1024        // that may wait for the log's reader
	flushLimit = time.Second // for what a process says at its end
)

// LogQueue stands between a node and the reader of its log. A reader that is slow or
// gone must not hold up the node: what does not fit into the queue is left out, and the
// next line that fits is preceded by one that says how many were.
type LogQueue struct {
	out   io.Writer
	lines chan []byte
	done  chan struct{}
	left  func(lines int) []byte // the line that tells of lines left out

	mu     sync.Mutex
	closed bool
	missed int
}

func NewLogQueue(out io.Writer, left func(int) []byte) *LogQueue {
	q := &LogQueue{out: out, lines: make(chan []byte, logLines), done: make(chan struct{}), left: left}
	go q.run()
	return q
}

func (q *LogQueue) run() {
	defer close(q.done)
	for line := range q.lines {
		_, _ = q.out.Write(line) // nobody could be told
	}
}

// Write takes a line, and never waits or fails.
func (q *LogQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.put(bytes.Clone(line))
	}
	return len(line), nil
}

func (q *LogQueue) put(line []byte) {
	if q.missed > 0 {
		line = append(q.left(q.missed), line...)
	}
	select {
	case q.lines <- line:
		q.missed = 0
	default:
		q.missed++
	}
}

// Close gives the reader a little time for the rest.
func (q *LogQueue) Close() {
	q.mu.Lock()
	if q.missed > 0 {
		q.put(nil)
	}
	q.closed = true
	close(q.lines)
	q.mu.Unlock()
	select {
	case <-q.done:
	case <-time.After(flushLimit):
	}
}
