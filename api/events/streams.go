package events

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
)

const (
	lookEvery  = time.Second      // how often a stream that nobody wakes looks, and a key is asked for
	rest       = lookEvery / 10   // between two looks, so that what changes at once is told at once
	sayNothing = 15 * time.Second // after which a stream shows that it lives
	longest    = 10 * time.Minute // of one stream; its client opens another
	slow       = 5 * time.Second  // a client whose connection takes nothing for so long does not read
)

// ErrBusy says that there are as many streams as there may be.
var ErrBusy = errors.New("this node has as many event streams as it may")

// Streams are the event streams of one kind that a node has open.
type Streams struct {
	opts   Options
	places chan struct{}
	ended  *prometheus.CounterVec
}

// Options say what streams are.
type Options struct {
	Kind     string              // a word for metrics
	Most     int                 // at the same time
	Ending   func() bool         // the node stops: streams end
	Gone     func(net.Conn) bool // whether a client is known to be gone, asked every second
	Registry prometheus.Registerer
	Log      *slog.Logger
}

// NewStreams makes a place for streams.
func NewStreams(opts Options) (*Streams, error) {
	s := &Streams{opts: opts, places: make(chan struct{}, opts.Most)}
	kind := prometheus.Labels{"kind": opts.Kind}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quorumbeat_event_streams", Help: "Event streams that this node has open: of the API, and of the dashboard's pages.", ConstLabels: kind,
	}, func() float64 { return float64(len(s.places)) })
	s.ended = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_event_streams_ended_total", Help: "Event streams that ended or were refused, by reason.", ConstLabels: kind,
	}, []string{"reason"})
	for _, reason := range []string{endGone, endSlow, endRefused, endStopping, endAge, endBusy} {
		s.ended.WithLabelValues(reason)
	}
	return s, errors.Join(opts.Registry.Register(open), opts.Registry.Register(s.ended))
}

// Why streams end.
const (
	endGone     = "gone"     // the client
	endSlow     = "slow"     // it did not read
	endRefused  = "refused"  // its key does not stand any more
	endStopping = "stopping" // the node
	endAge      = "age"      // it goes on with another
	endBusy     = "busy"     // it never began
)

// Stream is what one stream tells.
type Stream struct {
	// Tell writes what there is to tell, or nothing.
	Tell func(w io.Writer)
	// Alive writes what shows that the stream lives.
	Alive func(w io.Writer)
	// Wake returns a channel that closes when Tell has something to tell; nil: it is asked
	// again and again.
	Wake func() <-chan struct{}
	// Every is how often it is asked if nobody wakes it; 0: every second.
	Every time.Duration
	// Stands reports, every second, whether who opened the stream may listen. If not, last is
	// the data of its last event.
	Stands func() (last string, ok bool)
	// Leave is called at the end; nil: nothing is.
	Leave func()
}

// Serve answers a request with a stream, which is written after it returns.
func (s *Streams) Serve(ctx *fasthttp.RequestCtx, one Stream) error {
	leave := func() {
		if one.Leave != nil {
			one.Leave()
		}
	}
	select {
	case s.places <- struct{}{}:
	default:
		s.ended.WithLabelValues(endBusy).Inc()
		leave()
		return ErrBusy
	}
	ctx.SetContentType("text/event-stream")
	ctx.Response.Header.Set("X-Accel-Buffering", "no") // nginx
	if ctx.IsHead() {
		<-s.places
		leave()
		return nil
	}
	from, conn, done := ctx.RemoteAddr().String(), ctx.Conn(), ctx.Done()
	ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() { <-s.places }()
		defer leave()
		reason := s.run(w, one, conn, done)
		s.ended.WithLabelValues(reason).Inc()
		if reason == endSlow {
			s.opts.Log.Warn("an event stream was ended: its client did not read what it was sent", "client", from, "kind", s.opts.Kind)
		}
	})
	return nil
}

// run tells until the stream has to end, and returns why. done closes when the server shuts
// down.
func (s *Streams) run(to *bufio.Writer, one Stream, client net.Conn, done <-chan struct{}) (reason string) {
	w := &counted{to: to}
	end, said, asked := time.Now().Add(longest), time.Now(), time.Time{}
	for {
		now := time.Now()
		switch {
		case s.opts.Ending(), isClosed(done):
			return endStopping
		case !now.Before(end):
			return endAge
		case now.Sub(asked) >= lookEvery:
			if s.opts.Gone(client) { // a stream that has nothing to tell would notice no sooner than it says so
				return endGone
			}
			if last, ok := one.Stands(); !ok {
				writeEvent(w, "", "end", []byte(last))
				_ = to.Flush()
				return endRefused
			}
			asked = now
		}
		before := w.n
		one.Tell(w)
		if w.n == before && now.Sub(said) > sayNothing {
			one.Alive(w)
		}
		if w.n != before {
			said = now
		}
		flushed := time.Now()
		if to.Flush() != nil || w.err != nil {
			if time.Since(flushed) > slow || flushed.Sub(now) > slow {
				return endSlow
			}
			return endGone
		}
		wait(done, rest)
		if one.Wake == nil {
			wait(done, cmp.Or(one.Every, lookEvery)-rest)
		} else {
			waitEither(done, one.Wake(), lookEvery-rest)
		}
	}
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func wait(done <-chan struct{}, d time.Duration) { waitEither(done, nil, d) }

// waitEither waits for one of two channels to close, for d at most.
func waitEither(done, wake <-chan struct{}, d time.Duration) {
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-done:
	case <-wake:
	case <-late.C:
	}
}

// counted counts what is written, and keeps the first error.
type counted struct {
	to  io.Writer
	n   int
	err error
}

func (c *counted) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.to.Write(b)
	c.n, c.err = c.n+n, err
	return n, err
}

// writeEvent writes an event; data has no line ends.
func writeEvent(w io.Writer, id, name string, data []byte) {
	b := make([]byte, 0, len(data)+len(id)+len(name)+32)
	if id != "" {
		b = append(append(append(b, "id: "...), id...), '\n')
	}
	b = append(append(append(b, "event: "...), name...), "\ndata: "...)
	_, _ = w.Write(append(append(b, data...), "\n\n"...)) // counted keeps the error
}
