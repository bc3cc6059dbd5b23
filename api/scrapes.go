package api

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	dto "github.com/prometheus/client_model/go"
	"github.com/valyala/fasthttp"
)

// maxScrapes is how many there are at the same time, and as many without heartbeats.
const maxScrapes = 4

// scrapes is how many may scrape at a time. Scrapes of the node alone have
// places of their own: they are to work while large ones are slow.
type scrapes struct {
	heartbeats places
	node       places
	turn       sync.Mutex
	queue      time.Duration // how long one waits for its place
	limit      time.Duration // for all of an answer
	stall      time.Duration // for each piece of one
}

func newScrapes() *scrapes {
	return &scrapes{
		heartbeats: make(places, maxScrapes), node: make(places, maxScrapes),
		queue: 2 * time.Second, limit: 30 * time.Second, stall: 5 * time.Second,
	}
}

// serveMetrics answers with the node's metrics and those of all heartbeats, or with
// those of the heartbeats that have a tag.
func (s *Server) serveMetrics(ctx *fasthttp.RequestCtx, _ []string) error {
	tag := string(ctx.QueryArgs().Peek("tag"))
	return s.scrape(ctx, &scrape{tag: tag}, tag == "", s.cfg.MetricsPerHeartbeat)
}

// serveNodeMetrics answers with the metrics of the node.
func (s *Server) serveNodeMetrics(ctx *fasthttp.RequestCtx, _ []string) error {
	return s.scrape(ctx, &scrape{}, true, false)
}

func (s *Server) scrape(ctx *fasthttp.RequestCtx, out *scrape, node, heartbeats bool) error {
	if err := s.mayScrape(ctx); err != nil {
		return err
	}
	from := s.scrapes.node
	if heartbeats {
		out.store, from = s.store, s.scrapes.heartbeats
	}
	back, ok := from.take(s.scrapes.queue)
	if !ok {
		return errScrapes
	}
	if node {
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
	out.turn, out.pace, out.done = &s.scrapes.turn, pace{ctx.Conn(), s.scrapes.limit, s.scrapes.stall}, back
	ctx.SetBodyStream(out, -1)
	return nil
}

// gather collects the node's own metrics, by one scrape at a time: they count all that
// is failing, and a ping waits meanwhile.
func (s *Server) gather() ([]*dto.MetricFamily, error) {
	s.scrapes.turn.Lock()
	defer s.scrapes.turn.Unlock()
	return s.cfg.Registry.Gather()
}

// mayScrape lets through who shows the scrape token or an admin key, or everybody if
// there is no token.
func (s *Server) mayScrape(ctx *fasthttp.RequestCtx) error {
	token := s.secrets.scrape.Load()
	if token == nil {
		return nil
	}
	if key, ok := bearerOf(&ctx.Request.Header); ok {
		if hash := hashKey(key); subtle.ConstantTimeCompare(hash[:], token[:]) == 1 {
			return nil
		}
	}
	if err := s.authorize(ctx); err != nil {
		return err
	}
	return s.lastWordHolds(ctx)
}
