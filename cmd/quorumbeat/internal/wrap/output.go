package wrap

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
)

// output is what a job prints. A stream that is captured goes through a pipe, to
// where it would have gone, and its end is kept.
type output struct {
	say     func(string, ...any)
	tail    tail
	streams []*stream
	out     *os.File // what the job gets as its standard output
	err     *os.File // and as its standard error
}

// newOutput makes the pipes. Where that fails, a stream is not captured: the job
// comes first.
func newOutput(say func(string, ...any), capture bool) *output {
	o := &output{say: say, out: os.Stdout, err: os.Stderr}
	if !capture {
		return o
	}
	if !term.IsTerminal(os.Stdout) {
		o.out = o.capturePipe(os.Stdout)
	}
	switch {
	case sameFile(os.Stdout, os.Stderr):
		o.err = o.out // one pipe, so that the order of what is written stays
	case !term.IsTerminal(os.Stderr):
		o.err = o.capturePipe(os.Stderr)
	}
	return o
}

func (o *output) capturePipe(to *os.File) *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		o.say("the job's output cannot be captured: %v", err)
		return to
	}
	o.streams = append(o.streams, newStream(r, w, to, &o.tail))
	return w
}

func (o *output) stdout() *os.File { return o.out }
func (o *output) stderr() *os.File { return o.err }

// startCarrying carries the output on, from when the job has its ends of the pipes.
func (o *output) startCarrying() {
	for _, s := range o.streams {
		s.w.Close()
		go s.carry()
	}
}

// closePipes is for a job that was not started.
func (o *output) closePipes() {
	for _, s := range o.streams {
		s.w.Close()
		s.r.Close()
	}
	o.streams = nil
}

// drainTime bounds the wait for whoever takes the job's output.
const drainTime = time.Second

// drain returns the end of what the job printed, once all that was in the pipes
// when it ended is read.
func (o *output) drain() []byte {
	limit := time.After(drainTime)
	for _, s := range o.streams {
		s.drain()
	}
	for _, s := range o.streams {
		select {
		case <-s.drained:
		case <-limit:
			limit = closedTime // the others are not waited for, either
		}
	}
	return o.tail.text()
}

// closedTime is a time that has come.
var closedTime = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()

// release ends the carrying. What is still open is kept so by something that the job
// left in the background, and is given to a process of its own: without a reader
// that something would be killed when it next prints.
func (o *output) release() {
	var open []*stream
	for _, s := range o.streams {
		if s.release() {
			open = append(open, s)
		}
		if s.lost > 0 {
			o.say("%d bytes of the job's output could not be written: %v", s.lost, s.lastErr)
		}
	}
	if len(open) > 0 {
		if err := handOver(open); err != nil {
			o.say("what the job left in the background can print no more: %v", err)
		}
	}
}

// stream is one pipe.
type stream struct {
	r, w    *os.File
	to      *os.File
	tail    *tail
	drained chan struct{} // closed when what the job itself wrote is read
	ended   chan struct{} // closed by carry

	mu      sync.Mutex
	request request
	open    bool  // carry ended before the pipe did
	lost    int   // bytes that could not be written
	lastErr error // why
}

// request is what carry is asked to do while it waits for more.
type request int

const (
	carryOn request = iota
	drainNow
	releaseNow
)

func newStream(r, w, to *os.File, tail *tail) *stream {
	return &stream{r: r, w: w, to: to, tail: tail, drained: make(chan struct{}), ended: make(chan struct{})}
}

// lingerTime is for what ends right after the job: its pipe need not be given away.
const lingerTime = 100 * time.Millisecond

func (s *stream) drain() { s.requestAt(drainNow, time.Unix(1, 0)) }

// release has carry end, and reports whether the pipe is still open.
func (s *stream) release() bool {
	s.requestAt(releaseNow, time.Now().Add(lingerTime))
	<-s.ended
	if !s.open {
		s.r.Close()
	}
	return s.open
}

func (s *stream) requestAt(w request, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request = w
	_ = s.r.SetReadDeadline(at) // fails if carry has closed it
}

// carry copies until the pipe ends, or until it is asked to let go.
func (s *stream) carry() {
	defer close(s.ended)
	drained := sync.OnceFunc(func() { close(s.drained) })
	defer drained()
	buf := make([]byte, 64<<10)
	for {
		n, err := s.r.Read(buf)
		if n > 0 && !s.passOn(buf[:n]) {
			return
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if s.takeRequest() == releaseNow {
			s.open = true
			return
		}
		if s.readAllNow(buf) {
			return
		}
		drained()
	}
}

// takeRequest returns what is asked, and lets reads wait again unless it is to let go.
func (s *stream) takeRequest() request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.request != releaseNow {
		_ = s.r.SetReadDeadline(time.Time{})
	}
	return s.request
}

// maxInAPipe bounds what is read at once, in bytes: something in the background may
// print faster than it can be carried.
const maxInAPipe = 1 << 20

// readAllNow reads what is in the pipe now, and reports whether that was its end.
func (s *stream) readAllNow(buf []byte) (end bool) {
	conn, err := s.r.SyscallConn()
	if err != nil {
		return true
	}
	for total := 0; total < maxInAPipe; {
		var n int
		var now error
		err := conn.Read(func(fd uintptr) bool {
			n, now = unix.Read(int(fd), buf)
			return true // whatever came of it
		})
		switch {
		case err != nil:
			return false // it is to let go meanwhile
		case errors.Is(now, unix.EINTR):
			continue
		case now != nil: // EAGAIN
			return false
		case n == 0:
			return true
		}
		if total += n; !s.passOn(buf[:n]) {
			return true
		}
	}
	return false
}

// passOn writes on what was read. It reports false if nobody is there to read it: then
// the pipe is closed, and the job hears of it as it would without.
func (s *stream) passOn(b []byte) bool {
	s.tail.add(b)
	for len(b) > 0 {
		n, err := s.to.Write(b)
		b = b[n:]
		switch {
		case err == nil:
		case errors.Is(err, syscall.EPIPE):
			s.r.Close()
			return false
		case errors.Is(err, syscall.EAGAIN): // somebody made the file so
			awaitRoom(s.to)
		default: // a full disk, say: the job goes on
			s.lost, s.lastErr = s.lost+len(b), err
			return true
		}
	}
	return true
}

func awaitRoom(f *os.File) {
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLOUT}}, 1000)
}

func sameFile(a, b *os.File) bool {
	x, err := a.Stat()
	y, err2 := b.Stat()
	return err == nil && err2 == nil && os.SameFile(x, y)
}
