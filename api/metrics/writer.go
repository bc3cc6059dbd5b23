package metrics

import (
	"bytes"
	"io"
	"runtime"

	"github.com/klauspost/compress/gzip"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/quorumbeat/quorumbeat/api/pieces"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// pieceSize is how many bytes are written at once.
const pieceSize = 64 << 10

// scrapeWriter is an answer with metrics, which is made while it is written: it takes the
// same memory for any number of heartbeats. fasthttp calls WriteTo, then Close.
type scrapeWriter struct {
	pieces.Body
	node  []*dto.MetricFamily // the node's own
	store *store.Store        // nil: no heartbeats
	tag   string              // only heartbeats with it; "": all

	plain []byte       // what is not yet zipped, or sent
	zip   *gzip.Writer // to out; nil: text is sent as it is
	out   bytes.Buffer
}

// WriteTo writes the metrics, and does not count what it wrote.
func (s *scrapeWriter) WriteTo(w io.Writer) (int64, error) {
	paced := s.Paced(w)
	s.plain = make([]byte, 0, 2*pieceSize)
	if err := s.writeNode(); err != nil {
		return 0, err
	}
	if s.store != nil {
		for i := range heartbeatFamilies {
			if err := s.writeFamily(paced, &heartbeatFamilies[i]); err != nil {
				return 0, err
			}
		}
	}
	return 0, s.finish(paced)
}

// writeNode adds the node's own metrics, of which there are few.
func (s *scrapeWriter) writeNode() error {
	text := bytes.NewBuffer(s.plain)
	for _, f := range s.node {
		if _, err := expfmt.MetricFamilyToText(text, f); err != nil {
			return err
		}
	}
	s.plain = text.Bytes()
	return nil
}

// writeFamily writes the samples of all heartbeats. Each family reads all pages again,
// for the format wants its samples together, and to keep any of them would take memory
// for each heartbeat.
func (s *scrapeWriter) writeFamily(w io.Writer, f *family) error {
	headed := false
	sample := func(h *store.Reading) {
		if !f.has(h) {
			return
		}
		if !headed {
			s.plain, headed = f.appendHead(s.plain), true
		}
		s.plain = f.appendSample(s.plain, h)
	}
	for page, more := 0, true; more; {
		page, more = s.makePiece(page, sample)
		if err := s.send(w, pieceSize); err != nil {
			return err
		}
	}
	return nil
}

// makePiece reads pages until there is enough to send.
func (s *scrapeWriter) makePiece(page int, sample func(*store.Reading)) (next int, more bool) {
	s.Turn.Lock()
	defer s.Turn.Unlock()
	for more = true; more && len(s.plain) < pieceSize; {
		page, more = s.store.ReadPage(page, s.tag, sample)
	}
	if len(s.plain) >= pieceSize {
		s.compress()
	}
	return page, more
}

func (s *scrapeWriter) compress() {
	if s.zip != nil {
		_, _ = s.zip.Write(s.plain) // to memory
		s.plain = s.plain[:0]
	}
}

// send writes what there is to send, if that is enough. Then it lets others run first:
// a ping has more than one goroutine to pass, and should not wait for a scrape at each.
func (s *scrapeWriter) send(w io.Writer, enough int) (err error) {
	switch {
	case s.zip == nil && len(s.plain) >= enough:
		_, err = w.Write(s.plain)
		s.plain = s.plain[:0]
	case s.zip != nil && s.out.Len() >= enough:
		_, err = s.out.WriteTo(w)
	}
	runtime.Gosched()
	return err
}

func (s *scrapeWriter) finish(w io.Writer) error {
	if s.compress(); s.zip != nil {
		_ = s.zip.Close() // to memory
	}
	return s.send(w, 1)
}
