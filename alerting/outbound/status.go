package outbound

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is what came of the last look.
type State string

const (
	Off      State = "off"      // there is no URL
	Resting  State = "resting"  // this node does not lead, or has not looked yet
	Taken    State = "ok"       // the other monitor was told
	Withheld State = "withheld" // the cluster is not well
	Failed   State = "failing"  // the other monitor could not be told
)

// Status is what a node knows of its telling another monitor.
type Status struct {
	State State
	Why   string    // it was withheld, or failed
	Last  time.Time // when the other monitor last took a ping of this node's; zero: never
}

type status struct {
	mu  sync.Mutex
	now Status // its State is "" while it rests

	last  prometheus.Gauge
	pings *prometheus.CounterVec
}

// Status tells what the node knows, at once.
func (p *Pinger) Status() Status {
	if p.url == nil {
		return Status{State: Off}
	}
	p.status.mu.Lock()
	defer p.status.mu.Unlock()
	s := p.status.now
	if s.State == "" {
		s.State = Resting
	}
	return s
}

// set notes what came of a look; changed tells that it is another state than before.
func (s *status) set(to State, why string) (before State, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.now.State
	s.now.State, s.now.Why = to, why
	s.pings.WithLabelValues(string(to)).Inc()
	if to == Taken {
		s.now.Last = time.Now()
		s.last.Set(float64(s.now.Last.UnixMilli()) / 1000)
	}
	return before, before != to
}

// rest notes that the node leads no more.
func (s *status) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.State, s.now.Why = "", ""
}

func (s *status) register(reg prometheus.Registerer) error {
	s.last = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "quorumbeat_outbound_last_success_timestamp_seconds",
		Help: "When the monitor of --outbound-url last took a ping of this node, 0 if it did not since its start.",
	})
	s.pings = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_outbound_pings_total",
		Help: "What came of this node's turns, as leader, to ping the monitor of --outbound-url: ok, failing, or withheld for the cluster was not well.",
	}, []string{"result"})
	for _, state := range []State{Taken, Failed, Withheld} {
		s.pings.WithLabelValues(string(state))
	}
	if reg == nil {
		return nil
	}
	for _, c := range []prometheus.Collector{s.last, s.pings} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}
