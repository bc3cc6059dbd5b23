package metrics

import (
	"errors"
	"io"
	"net"
	"time"
)

var errTooSlow = errors.New("the client reads its answer too slowly")

// readerPace is how fast a client has to read a long answer, so that it cannot keep its
// slot for ever.
type readerPace struct {
	conn  net.Conn      // closed if it does not
	limit time.Duration // for all of the answer
	stall time.Duration // for each piece; the time in which we make it does not count
}

// pacedWriter is the answer of one client.
type pacedWriter struct {
	to      io.Writer
	until   time.Time
	each    time.Duration
	stalled *time.Timer
}

func (p readerPace) newWriter(to io.Writer) *pacedWriter {
	stalled := time.AfterFunc(p.stall, func() { _ = p.conn.Close() })
	stalled.Stop() // until something is written
	return &pacedWriter{to, time.Now().Add(p.limit), p.stall, stalled}
}

func (w *pacedWriter) Write(b []byte) (int, error) {
	if !time.Now().Before(w.until) {
		return 0, errTooSlow
	}
	w.stalled.Reset(w.each)
	defer w.stalled.Stop()
	return w.to.Write(b)
}
