package api

import (
	"errors"
	"io"
	"runtime"

	"github.com/klauspost/compress/gzip"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// scrapePiece is how many bytes are written at once.
const scrapePiece = 64 << 10

// scrape is an answer with metrics, which is made while it is written: it takes the
// same memory for any number of heartbeats. fasthttp calls WriteTo, then Close.
type scrape struct {
	node  []*dto.MetricFamily // the node's own
	store *fsm.Store          // nil: no heartbeats
	tag   string              // only heartbeats with it; "": all
	zip   bool
	pace  pace
	done  func() // gives the place back
	buf   []byte
	ended error // the first error of writing
}

// SupportsBodyWriteTo tells fasthttp to use WriteTo.
func (s *scrape) SupportsBodyWriteTo() bool { return true }

// Read is never called.
func (s *scrape) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Close ends the scrape, whether it was written or not.
func (s *scrape) Close() error {
	s.done()
	return nil
}

// WriteTo writes the metrics, and does not count what it wrote.
func (s *scrape) WriteTo(w io.Writer) (int64, error) {
	paced := s.pace.writer(w)
	defer paced.stop()
	if !s.zip {
		return 0, s.write(paced)
	}
	pieces := &piecer{to: paced}
	z, err := gzip.NewWriterLevel(pieces, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	return 0, errors.Join(s.write(z), z.Close(), pieces.flush())
}

func (s *scrape) write(w io.Writer) error {
	for _, f := range s.node {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	if s.store == nil {
		return nil
	}
	s.buf = make([]byte, 0, 2*scrapePiece)
	for i := range perHeartbeat {
		s.family(w, &perHeartbeat[i])
	}
	s.flush(w)
	return s.ended
}

// family writes the samples of all heartbeats. Each family reads all pages again, for
// the format wants its samples together, and to keep any of them would take memory
// for each heartbeat.
func (s *scrape) family(w io.Writer, f *family) {
	headed := false
	sample := func(h *fsm.Reading) {
		if !f.has(h) {
			return
		}
		if !headed {
			s.buf, headed = f.appendHead(s.buf), true
		}
		s.buf = f.appendSample(s.buf, h)
	}
	for page, more := 0, true; more && s.ended == nil; {
		if page, more = s.store.ReadPage(page, s.tag, sample); len(s.buf) >= scrapePiece {
			s.flush(w)
		}
	}
}

// flush writes what is in the buffer. Then it lets others run first: a ping has more
// than one goroutine to pass, and should not wait for a scrape at each of them.
func (s *scrape) flush(w io.Writer) {
	if s.ended == nil {
		_, s.ended = w.Write(s.buf)
	}
	s.buf = s.buf[:0]
	runtime.Gosched()
}

// piecer gathers the small pieces that gzip writes.
type piecer struct {
	to  io.Writer
	buf []byte
}

func (p *piecer) Write(b []byte) (int, error) {
	p.buf = append(p.buf, b...)
	if len(p.buf) < scrapePiece {
		return len(b), nil
	}
	return len(b), p.flush()
}

func (p *piecer) flush() error {
	_, err := p.to.Write(p.buf)
	p.buf = p.buf[:0]
	return err
}
