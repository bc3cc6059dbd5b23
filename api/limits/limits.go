package limits

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// An address may name what no node knows (a token, a key) once a second, and GuessBurst
// times at once: each costs the cluster a question. What this node knows is never limited
// by its caller's address, so a stranger behind the same address does a job no harm.
const (
	guessEvery = time.Second
	GuessBurst = 60
	guessers   = 1 << 16 // addresses that are remembered, a few MB
	pingers    = 1 << 20 // heartbeats, with --ping-rate-limit
)

// Test mails of a node, so that nobody is flooded by way of it.
const (
	testMailEvery = 10 * time.Second
	TestMailBurst = 6
)

// Uses of the link to one incident.
const (
	linkEvery = 10 * time.Second
	linkBurst = 10
	linked    = 10_000 // incidents that are told apart
)

// Why a request is refused with 429.
const (
	UnknownToken = "unknown_token"
	FailedLogin  = "failed_login"
	PingRate     = "ping_rate"
	TestMail     = "test_mail"
	LinkRate     = "incident_link"
)

// Limits are a node's limits on how often something may be asked of it.
type Limits struct {
	guesses *Allowance[netip.Addr]
	pings   *Allowance[uint64] // by ordinal; nil: not limited
	mails   *Allowance[struct{}]
	links   *Allowance[fsm.IncidentRef]
	rate    float64
	refused *prometheus.CounterVec
}

// Options say how often each heartbeat may be pinged: Rate times a second, and Burst times
// at once. Rate 0 is no limit.
type Options struct {
	Rate     float64
	Burst    int
	Registry prometheus.Registerer
}

// New makes a node's limits and registers their metric.
func New(opts Options) (*Limits, error) {
	l := &Limits{
		guesses: NewAllowance[netip.Addr](guessEvery, GuessBurst, guessers), rate: opts.Rate,
		mails: NewAllowance[struct{}](testMailEvery, TestMailBurst, 1),
		links: NewAllowance[fsm.IncidentRef](linkEvery, linkBurst, linked),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumbeat_rate_limited_total", Help: "Requests refused with 429, by reason.",
		}, []string{"reason"}),
	}
	if opts.Rate > 0 {
		l.pings = NewAllowance[uint64](time.Duration(float64(time.Second)/opts.Rate), opts.Burst, pingers)
	}
	for _, reason := range []string{UnknownToken, FailedLogin, PingRate, TestMail, LinkRate} {
		l.refused.WithLabelValues(reason)
	}
	return l, opts.Registry.Register(l.refused)
}

// ExceededError says that something was asked for too often.
type ExceededError struct {
	Words      string
	RetryAfter int // seconds
}

func (e *ExceededError) Error() string { return e.Words }

// Guess takes note that an address named something that this node does not know. reason is
// what kind of thing.
func (l *Limits) Guess(guesser netip.Addr, reason string) error {
	if wait := l.guesses.Take(guesser, time.Now()); wait > 0 {
		return l.exceeded(reason, wait, "too many requests with unknown tokens or keys came from your address: mend the token or key, or try again later")
	}
	return nil
}

// TakeBackGuess takes back the last Guess: it was none.
func (l *Limits) TakeBackGuess(guesser netip.Addr) { l.guesses.Give(guesser) }

// LimitsPings reports whether there is a limit on how often a heartbeat is pinged.
func (l *Limits) LimitsPings() bool { return l.pings != nil }

// Ping refuses a ping whose heartbeat was pinged too often of late.
func (l *Limits) Ping(ordinal uint64, now time.Time) error {
	if l.pings == nil {
		return nil
	}
	wait := l.pings.Take(ordinal, now)
	if wait <= 0 {
		return nil
	}
	return l.exceeded(PingRate, wait, fmt.Sprintf("this heartbeat is pinged over %g times a second; nothing was recorded: try again later", l.rate))
}

// TestMail refuses a test mail if several were sent just now.
func (l *Limits) TestMail() error {
	if wait := l.mails.Take(struct{}{}, time.Now()); wait > 0 {
		return l.exceeded(TestMail, wait, "this node has sent several tests, mails or messages, just now: try again later")
	}
	return nil
}

// Link refuses a use of the link to an incident that was used too often just now.
func (l *Limits) Link(ref fsm.IncidentRef) error {
	if wait := l.links.Take(ref, time.Now()); wait > 0 {
		return l.exceeded(LinkRate, wait, "this link was used several times just now: try again later")
	}
	return nil
}

func (l *Limits) exceeded(reason string, wait time.Duration, words string) error {
	l.refused.WithLabelValues(reason).Inc()
	return &ExceededError{words, max(1, int(math.Ceil(wait.Seconds())))}
}

// Refused is how many requests were refused for a reason.
func (l *Limits) Refused(reason string) prometheus.Counter { return l.refused.WithLabelValues(reason) }
