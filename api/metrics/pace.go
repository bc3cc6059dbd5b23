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
	stall time.Duration // for each piece
}

// pacedWriter is the answer of one client.
type pacedWriter struct {
	to      io.Writer
	until   time.Time
	each    time.Duration
	stalled *time.Timer
}

func (p readerPace) newWriter(to io.Writer) *pacedWriter {
	return &pacedWriter{to, time.Now().Add(p.limit), p.stall, time.AfterFunc(p.stall, func() { _ = p.conn.Close() })}
}

func (w *pacedWriter) Write(b []byte) (int, error) {
	if !time.Now().Before(w.until) {
		return 0, errTooSlow
	}
	w.stalled.Reset(w.each)
	return w.to.Write(b)
}

func (w *pacedWriter) stop() { w.stalled.Stop() }
