package metrics

import (
	"errors"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/pieces"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// MaxScrapes is how many there are at the same time, and as many without heartbeats.
const MaxScrapes = 4

// Scrapes serves scrapes, a few at a time. Scrapes of the node alone have slots of their
// own, so that they work while large ones are slow.
type Scrapes struct {
	Heartbeats limits.Slots
	Node       limits.Slots
	Queue      time.Duration // how long a scrape waits for its slot
	Pace       pieces.Pace

	store    *store.Store
	registry *prometheus.Registry // of the node's own metrics
	turn     sync.Mutex
}

// NewScrapes serves scrapes of a node.
func NewScrapes(store *store.Store, registry *prometheus.Registry) *Scrapes {
	return &Scrapes{
		store: store, registry: registry,
		Heartbeats: make(limits.Slots, MaxScrapes), Node: make(limits.Slots, MaxScrapes),
		Queue: 2 * time.Second, Pace: pieces.Pace{Stall: 5 * time.Second, Limit: 30 * time.Second},
	}
}

// ErrBusy says that there are as many scrapes as there may be.
var ErrBusy = errors.New("too many scrapes at the same time")

// Parts is what one scrape shows.
type Parts struct {
	Node       bool   // the node's own metrics
	Heartbeats bool   // series of each heartbeat,
	Tag        string // but only of those with a tag; "": of all
}

// Serve answers a request with metrics. They are written after it returns.
func (s *Scrapes) Serve(ctx *fasthttp.RequestCtx, what Parts) error {
	out := &scrapeWriter{tag: what.Tag}
	from := s.Node
	if what.Heartbeats {
		out.store, from = s.store, s.Heartbeats
	}
	back, ok := from.Take(s.Queue)
	if !ok {
		return ErrBusy
	}
	if what.Node {
		var err error
		if out.node, err = s.gather(); err != nil {
			back()
			return err
		}
	}
	ctx.SetContentType(textFormat)
	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	if ctx.Request.Header.HasAcceptEncoding("gzip") {
		h.SetContentEncoding("gzip")
		out.zip, _ = gzip.NewWriterLevel(&out.out, gzip.BestSpeed) // which is a level
	}
	out.Body = pieces.Body{Turn: &s.turn, Conn: ctx.Conn(), Pace: s.Pace, Release: back}
	ctx.SetBodyStream(out, -1)
	return nil
}

// gather collects the node's own metrics, by one scrape at a time: they count all that
// is failing, and a ping waits meanwhile.
func (s *Scrapes) gather() ([]*dto.MetricFamily, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.registry.Gather()
}
