package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report tells how a run went. But for Whole, it counts what was intended after the
// warm-up and before the end.
type Report struct {
	Connections int       `json:"connections"`
	Rate        float64   `json:"rate"`    // asked for; 0: full speed
	Began       time.Time `json:"began"`   // after the warm-up
	Seconds     float64   `json:"seconds"` // measured

	PerSecond         float64          `json:"acknowledged_per_second"`
	Answers           map[int]int64    `json:"answers"`  // by status
	Failures          map[string]int64 `json:"failures"` // by kind: timeout, connection, answer
	Unsent            int64            `json:"unsent"`   // due, but no connection came free within the timeout
	WithoutRetryAfter int64            `json:"refused_without_retry_after"`

	// Latency is of acknowledged pings, and of those that timed out or were never
	// sent, with the time they had waited until then: at least the timeout.
	Latency  Percentiles  `json:"latency_ms"`
	Refusals *Percentiles `json:"refusals_ms,omitempty"`        // of all other answers
	Late     *Percentiles `json:"behind_schedule_ms,omitempty"` // from intended to sent; with a rate only
	Service  *Percentiles `json:"service_ms,omitempty"`         // from sent to answered, whatever the answer; with a rate only

	Whole    Ledger   `json:"whole_run"`
	BySecond []Second `json:"by_second,omitempty"`
}

// Ledger is what a server can be held to: it must have counted every acknowledged
// ping, and at most the unknown ones besides. It counts the warm-up too.
type Ledger struct {
	Acknowledged int64 `json:"acknowledged"`
	Refused      int64 `json:"refused"` // answered below 500: certainly not taken
	Unknown      int64 `json:"unknown"` // all others, a 503 included
}

// Percentiles of a time, in milliseconds.
type Percentiles struct {
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

// Second is one second of a run: the pings that were intended in it.
type Second struct {
	Acknowledged int64       `json:"acknowledged"`
	Refused      int64       `json:"refused"` // answered otherwise
	Failed       int64       `json:"failed"`
	Unsent       int64       `json:"unsent"`
	Latency      Percentiles `json:"latency_ms"`
	Histogram    string      `json:"histogram"` // of Latency, in microseconds, as HdrHistogram logs hold it
}

// Sent is how many pings had an end, good or bad.
func (r *Report) Sent() (n int64) {
	for _, of := range r.Answers {
		n += of
	}
	return n + r.Failed()
}

// Failed is how many pings had no answer.
func (r *Report) Failed() (n int64) {
	for _, of := range r.Failures {
		n += of
	}
	return n
}

// Bad is how many pings were answered otherwise than OK, or not at all.
func (r *Report) Bad() int64 { return r.Sent() - r.Answers[200] - r.Answers[201] }

func percentilesOf(h *hdrhistogram.Histogram) Percentiles {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	if h.TotalCount() == 0 {
		return Percentiles{}
	}
	return Percentiles{
		Min: ms(h.Min()), P50: ms(h.ValueAtPercentile(50)), P90: ms(h.ValueAtPercentile(90)),
		P99: ms(h.ValueAtPercentile(99)), P999: ms(h.ValueAtPercentile(99.9)), Max: ms(h.Max()),
	}
}
