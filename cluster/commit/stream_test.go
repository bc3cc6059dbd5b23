package commit

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// simulation has commands arrive at a leader, of which only the policy is real: a batch takes
// a time that hangs a little on its size, two may be in flight, and a timer is late by up to
// two milliseconds, as the kernel lets it be.
type simulation struct {
	policy  batchPolicy
	rand    *rand.Rand
	now     time.Time
	events  events
	queue   []time.Time
	flying  int
	timer   bool
	clients int  // that propose again as soon as they have their result
	blind   bool // to streams

	batches   int
	latencies []time.Duration
}

type event struct {
	at time.Time
	do func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newSimulation(seed uint64) *simulation {
	return &simulation{rand: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1000, 0)}
}

func (s *simulation) in(d time.Duration, do func()) {
	heap.Push(&s.events, event{s.now.Add(d), do})
}

// run has so much time pass.
func (s *simulation) run(d time.Duration) {
	end := s.now.Add(d)
	for len(s.events) > 0 && s.events[0].at.Before(end) {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
	}
	s.now = end
}

func (s *simulation) arrive() {
	s.queue = append(s.queue, s.now)
	s.propose()
}

func (s *simulation) propose() {
	for s.flying < maxInFlight {
		n, wait := s.policy.next(s.now, len(s.queue))
		if s.blind {
			n, wait = s.policy.nextOfBusy(s.now)
		}
		if len(s.queue) < max(n, 1) {
			if wait > 0 && !s.timer {
				s.timer = true
				late := time.Duration(s.rand.Int64N(int64(2 * time.Millisecond)))
				s.in(wait+late, func() { s.timer = false; s.propose() })
			}
			return
		}
		s.fly()
	}
}

func (s *simulation) fly() {
	batch, at := s.queue, s.now
	s.queue = nil
	s.flying++
	s.batches++
	s.policy.proposed(len(batch), at)
	took := 900*time.Microsecond + time.Duration(s.rand.ExpFloat64()*float64(300*time.Microsecond)) + time.Duration(len(batch))*5*time.Microsecond
	s.in(took, func() {
		s.flying--
		s.policy.ended(at, s.now)
		for _, came := range batch {
			s.latencies = append(s.latencies, s.now.Sub(came))
			if s.clients > 0 {
				s.in(100*time.Microsecond, s.arrive)
			}
		}
		s.propose()
	})
}

// steady has commands arrive at a rate, at even distances or by chance, for a time.
func (s *simulation) steady(rate float64, byChance bool, d time.Duration) {
	for at := time.Duration(0); at < d; {
		s.in(at, s.arrive)
		gap := 1.0
		if byChance {
			gap = s.rand.ExpFloat64()
		}
		at += time.Duration(gap / rate * float64(time.Second))
	}
	s.run(d + 20*time.Millisecond)
}

func (s *simulation) percentile(p float64) time.Duration {
	slices.SortFunc(s.latencies, cmp.Compare)
	return s.latencies[int(p*float64(len(s.latencies)-1))]
}

func (s *simulation) report(t *testing.T, name string, d time.Duration) (perSecond float64) {
	perSecond = float64(s.batches) / d.Seconds()
	t.Logf("%-24s %6d commands, %5.0f batches a second, p50 %5.2f ms, p99 %5.2f ms", name, len(s.latencies), perSecond,
		s.percentile(.5).Seconds()*1e3, s.percentile(.99).Seconds()*1e3)
	return perSecond
}

// TestStreamsTakeFewBatches holds the policy to commands that nobody makes wait.
func TestStreamsTakeFewBatches(t *testing.T) {
	const long = 5 * time.Second
	for _, byChance := range []bool{false, true} {
		for _, c := range []struct {
			rate float64
			most float64 // batches a second
		}{{10, 12}, {100, 115}, {500, 440}, {1000, 400}, {4000, 400}, {10_000, 440}} {
			s := newSimulation(uint64(c.rate))
			s.steady(c.rate, byChance, long)
			name := map[bool]string{false: "steady", true: "by chance"}[byChance]
			if n := s.report(t, name, long); n > c.most {
				t.Errorf("%s, %g commands a second take %.0f batches a second, want at most %g", name, c.rate, n, c.most)
			}
			if p50, p99 := s.percentile(.5), s.percentile(.99); p50 > 3*time.Millisecond || p99 > 8*time.Millisecond {
				t.Errorf("%s, %g commands a second: p50 %v, p99 %v", name, c.rate, p50, p99)
			}
		}
	}
}

// TestAFullMinute has ten thousand jobs that are due at the same second, after a quiet time.
func TestAFullMinute(t *testing.T) {
	s := newSimulation(1)
	s.steady(5, true, 5*time.Second)
	s.batches, s.latencies = 0, nil
	s.steady(10_000, true, time.Second)
	if n := s.report(t, "full minute", time.Second); n > 450 || s.percentile(.99) > 8*time.Millisecond {
		t.Errorf("%.0f batches, p99 %v", n, s.percentile(.99))
	}
}

// TestALoneCommandGoesAtOnce on an idle leader, after a stream as well, and one after the other.
func TestALoneCommandGoesAtOnce(t *testing.T) {
	s := newSimulation(2)
	s.steady(4000, true, time.Second)
	s.latencies = nil
	for range 20 {
		s.run(100 * time.Millisecond)
		s.arrive()
	}
	s.run(100 * time.Millisecond)
	if most := s.percentile(1); most > 4*time.Millisecond { // as long as a commit may take here
		t.Errorf("a lone command takes %v", most)
	}
	s = newSimulation(3)
	s.clients = 1
	s.arrive()
	s.run(5 * time.Second)
	if p50 := s.percentile(.5); p50 > 1300*time.Microsecond {
		t.Errorf("one after the other they take %v", p50)
	}
}

// TestBusyClientsDoNotWaitForAStream holds the policy to what it would do without streams,
// with clients that propose as soon as they have their result.
func TestBusyClientsDoNotWaitForAStream(t *testing.T) {
	const long = 5 * time.Second
	busy := func(clients int, blind bool) *simulation {
		s := newSimulation(4)
		s.clients, s.blind = clients, blind
		for range clients {
			s.arrive()
		}
		s.run(long)
		return s
	}
	for _, clients := range []int{1, 2, 4, 16, 48, 128, 256, 1024} {
		s, without := busy(clients, false), busy(clients, true)
		s.report(t, fmt.Sprintf("%d clients", clients), long)
		if got, want := len(s.latencies), len(without.latencies); float64(got) < 0.9*float64(want) {
			t.Errorf("%d clients: %d commands, and %d without regard to streams", clients, got, want)
		}
	}
}
