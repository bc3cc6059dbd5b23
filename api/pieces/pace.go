package pieces

import (
	"errors"
	"io"
	"net"
	"time"
)

var errTooSlow = errors.New("the client reads its answer too slowly")

// Pace is how fast a client has to read a long answer.
type Pace struct {
	Stall time.Duration // for each piece; the time in which it is made does not count
	Limit time.Duration // for all of the answer,
	Rate  int64         // and a second more for each so many bytes of it; 0: no more
}

// pacedWriter is the answer of one client.
type pacedWriter struct {
	Pace
	conn    net.Conn
	to      io.Writer
	until   time.Time
	stalled *time.Timer
}

// Writer returns a writer to a client. It fails for one that stalls or is too slow, and closes its connection: else what
// was cut off could look whole.
func (p Pace) Writer(conn net.Conn, to io.Writer) io.Writer {
	stalled := time.AfterFunc(p.Stall, func() { _ = conn.Close() })
	stalled.Stop() // until something is written
	return &pacedWriter{p, conn, to, time.Now().Add(p.Limit), stalled}
}

func (w *pacedWriter) Write(b []byte) (int, error) {
	if !time.Now().Before(w.until) {
		_ = w.conn.Close()
		return 0, errTooSlow
	}
	if w.Rate > 0 {
		w.until = w.until.Add(time.Duration(int64(len(b)) * int64(time.Second) / w.Rate))
	}
	w.stalled.Reset(w.Stall)
	defer w.stalled.Stop()
	return w.to.Write(b)
}
