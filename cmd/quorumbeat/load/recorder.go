package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// outcome is what became of one ping.
type outcome struct {
	intended time.Time // when it should have been sent
	sent     time.Time // when it was
	end      time.Time
	answer   answer
	failure  string // instead of an answer; "": there is one
}

// Kinds of failures.
const (
	FailedTimeout    = "timeout"    // no answer in time
	FailedConnection = "connection" // refused, reset or closed
	FailedAnswer     = "answer"     // one that is not HTTP
)

const (
	longest    = 2 * MaxTimeout // that is told apart
	kept       = 150            // seconds of a run are not yet summed up: longer than a ping may wait and take
	fineDigits = 3              // of the whole run's histograms
	digits     = 2              // of a second's
)

func newHistogram(digits int) *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), digits)
}

func recordValue(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), 1), longest.Microseconds())) // in range
}

// recorder sums up outcomes. What happens before from or after until counts in the
// ledger only.
type recorder struct {
	from, until time.Time
	bySecond    bool

	mu        sync.Mutex
	ledger    Ledger
	acked     int64 // that were answered between from and until
	answers   [600]int64
	failures  map[string]int64
	silent    int64 // 503 without Retry-After
	unsent    int64
	latency   *hdrhistogram.Histogram // of pings that were acknowledged, and those that waited in vain
	refusal   *hdrhistogram.Histogram // of other answers
	late      *hdrhistogram.Histogram // from the intended time to the sending
	service   *hdrhistogram.Histogram // from there to the answer
	seconds   []second
	anySecond second // for who does not ask for each
}

// second is what became of the pings that were intended in it.
type second struct {
	Second
	latency *hdrhistogram.Histogram
}

func newRecorder(from, until time.Time, bySecond bool) *recorder {
	return &recorder{
		from: from, until: until, bySecond: bySecond, failures: map[string]int64{},
		latency: newHistogram(fineDigits), refusal: newHistogram(fineDigits), late: newHistogram(fineDigits),
		service: newHistogram(fineDigits),
	}
}

func (r *recorder) addOutcome(o *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ok := o.failure == "" && (o.answer.status == 200 || o.answer.status == 201)
	switch {
	case ok:
		r.ledger.Acknowledged++
	case o.failure == "" && o.answer.status < 500:
		r.ledger.Refused++
	default:
		r.ledger.Unknown++
	}
	if ok && !o.end.Before(r.from) && o.end.Before(r.until) {
		r.acked++
	}
	if o.intended.Before(r.from) || !o.intended.Before(r.until) {
		return
	}
	s := r.secondOf(o.intended)
	took := o.end.Sub(o.intended)
	recordValue(r.late, o.sent.Sub(o.intended))
	if o.failure == "" {
		recordValue(r.service, o.end.Sub(o.sent))
	}
	switch {
	case o.failure != "":
		r.failures[o.failure]++
		s.Failed++
		if o.failure == FailedTimeout { // others may be quick, and no merit
			r.addLatency(s, took)
		}
		return
	case ok:
		s.Acknowledged++
		r.addLatency(s, took)
	default:
		s.Refused++
		recordValue(r.refusal, took)
		if o.answer.status == 503 && !o.answer.retryAfter {
			r.silent++
		}
	}
	r.answers[o.answer.status]++
}

// addLatency counts a latency in the run and in its second.
func (r *recorder) addLatency(s *second, d time.Duration) {
	recordValue(r.latency, d)
	if s.latency != nil {
		recordValue(s.latency, d)
	}
}

// neverSent counts a ping that no connection came free for while somebody still
// waited for it.
func (r *recorder) neverSent(intended time.Time, waited time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if intended.Before(r.from) {
		return
	}
	r.unsent++
	s := r.secondOf(intended)
	s.Unsent++
	recordValue(r.late, waited)
	r.addLatency(s, waited)
}

// secondOf is the one in which a ping was intended.
func (r *recorder) secondOf(intended time.Time) *second {
	if !r.bySecond {
		return &r.anySecond
	}
	i := int(intended.Sub(r.from) / time.Second)
	for len(r.seconds) <= i {
		r.seconds = append(r.seconds, second{latency: newHistogram(digits)})
		if i := len(r.seconds) - 1 - kept; i >= 0 {
			r.sumUp(i)
		}
	}
	return &r.seconds[i]
}

// sumUp replaces the histogram of a second by what is told of it.
func (r *recorder) sumUp(i int) {
	s := &r.seconds[i]
	if s.latency == nil {
		return
	}
	s.Latency = percentilesOf(s.latency)
	if b, err := s.latency.EncodeV2(); err == nil {
		s.Histogram = string(b)
	}
	s.latency = nil
}

// report tells what was measured until end.
func (r *recorder) report(end time.Time) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	length := min(end.Sub(r.from), r.until.Sub(r.from))
	late, service := percentilesOf(r.late), percentilesOf(r.service)
	out := &Report{
		Began: r.from, Seconds: max(length, 0).Seconds(), Answers: map[int]int64{}, Failures: r.failures, Unsent: r.unsent,
		WithoutRetryAfter: r.silent, Latency: percentilesOf(r.latency), Late: &late, Service: &service, Whole: r.ledger,
	}
	if length > 0 {
		out.PerSecond = float64(r.acked) / length.Seconds()
	}
	for status, n := range r.answers {
		if n > 0 {
			out.Answers[status] = n
		}
	}
	if r.refusal.TotalCount() > 0 {
		p := percentilesOf(r.refusal)
		out.Refusals = &p
	}
	for i := range r.seconds {
		r.sumUp(i)
		out.BySecond = append(out.BySecond, r.seconds[i].Second)
	}
	return out
}
