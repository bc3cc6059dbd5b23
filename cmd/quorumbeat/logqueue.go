package main

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	logLines   = 1024        // that may wait for the log's reader
	flushLimit = time.Second // for what a process says at its end
)

// logQueue stands between a node and the reader of its log. A reader that is slow or
// gone must not hold up the node: what does not fit into the queue is left out, and the
// next line that fits is preceded by one that says how many were.
type logQueue struct {
	out   io.Writer
	lines chan []byte
	done  chan struct{}
	left  func(lines int) []byte // the line that tells of lines left out

	mu     sync.Mutex
	closed bool
	missed int
}

func newLogQueue(out io.Writer, left func(int) []byte) *logQueue {
	q := &logQueue{out: out, lines: make(chan []byte, logLines), done: make(chan struct{}), left: left}
	go q.run()
	return q
}

func (q *logQueue) run() {
	defer close(q.done)
	for line := range q.lines {
		_, _ = q.out.Write(line) // nobody could be told
	}
}

// Write takes a line, and never waits or fails.
func (q *logQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.put(bytes.Clone(line))
	}
	return len(line), nil
}

func (q *logQueue) put(line []byte) {
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

// close gives the reader a little time for the rest.
func (q *logQueue) close() {
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

// leftOut makes the line that tells of lines left out, in the form of the log.
func (s *serveSettings) leftOut(lines int) []byte {
	var b bytes.Buffer
	s.logger(&b).Warn("lines of this log were left out, because its reader was too slow", "lines", lines)
	return b.Bytes()
}

// logger writes to the given place in the form that was asked for.
func (s *serveSettings) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.logLevel)) // validated
	opts := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, opts)
	if s.logFormat == "json" {
		h = slog.NewJSONHandler(w, opts)
	}
	return slog.New(h).With("node", s.cluster.NodeName)
}
