package api

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
)

// An address may name what no node knows (a token, a key) once a second, and sixty times
// at once: each costs the cluster a question. What this node knows is never limited by
// its caller's address, so a stranger behind the same address does a job no harm.
const (
	guessEvery = time.Second
	guessBurst = 60
	guessers   = 1 << 16 // addresses that are remembered, a few MB
	pingers    = 1 << 20 // heartbeats, with --ping-rate-limit
)

// Why a request is refused with 429.
const (
	limitToken = "unknown_token"
	limitLogin = "failed_login"
	limitPings = "ping_rate"
	limitMails = "test_mail"
)

// limits say who calls too often.
type limits struct {
	guesses *allowance[netip.Addr]
	pings   *allowance[uint64] // by ordinal; nil: not limited
	mails   *allowance[struct{}]
	rate    float64
	refused *prometheus.CounterVec
}

func newLimits(cfg Config) (*limits, error) {
	l := &limits{
		guesses: newAllowance[netip.Addr](guessEvery, guessBurst, guessers), rate: cfg.PingRate,
		mails: newAllowance[struct{}](testMailEvery, testMailBurst, 1),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumbeat_rate_limited_total", Help: "Requests refused with 429, by reason.",
		}, []string{"reason"}),
	}
	if cfg.PingRate > 0 {
		l.pings = newAllowance[uint64](time.Duration(float64(time.Second)/cfg.PingRate), cfg.PingBurst, pingers)
	}
	for _, reason := range []string{limitToken, limitLogin, limitPings, limitMails} {
		l.refused.WithLabelValues(reason)
	}
	return l, cfg.Registry.Register(l.refused)
}

// makeSure waits, for a caller that names what this node does not know, until the node
// has all that was acknowledged, and reports whether it is known then. It is only for
// requests that fail otherwise.
func (s *Server) makeSure(ctx *fasthttp.RequestCtx, limit time.Duration, reason string, known func() bool) (bool, error) {
	guesser, limited := s.guesser(ctx)
	if limited {
		if wait := s.limits.guesses.take(guesser, time.Now()); wait > 0 {
			return false, s.limits.tooMany(reason, wait, "too many requests with unknown tokens or keys came from your address: mend the token or key, or try again later")
		}
	}
	err := s.cluster.PacedReadBarrier(within(limit))
	found := err == nil && known()
	if limited && (found || err != nil) { // it was no guess, or nobody knows
		s.limits.guesses.give(guesser)
	}
	return found, err
}

// guesser is the address whose guesses count together: of IPv6 the /64, which is one
// customer's. It is false for addresses behind which many clients may be: trusted
// proxies, and loopback as long as no proxy is declared, for then a proxy on the same
// machine is the commonest cause.
func (s *Server) guesser(ctx *fasthttp.RequestCtx) (netip.Addr, bool) {
	a := s.remote(ctx)
	if !a.IsValid() || s.proxies.trusts(a) || len(s.proxies) == 0 && a.IsLoopback() {
		return a, false
	}
	if a.Is6() {
		network, _ := a.Prefix(64)
		a = network.Addr()
	}
	return a, true
}

// spare refuses a ping whose token was pinged too often of late.
func (s *Server) spare(ordinal uint64, now time.Time) error {
	if s.limits.pings == nil {
		return nil
	}
	wait := s.limits.pings.take(ordinal, now)
	if wait <= 0 {
		return nil
	}
	return s.limits.tooMany(limitPings, wait, fmt.Sprintf("this heartbeat is pinged over %g times a second; nothing was recorded: try again later", s.limits.rate))
}

func (l *limits) tooMany(reason string, wait time.Duration, words string) error {
	l.refused.WithLabelValues(reason).Inc()
	secs := max(1, int(math.Ceil(wait.Seconds())))
	return &httpError{problem{fasthttp.StatusTooManyRequests, "rate_limited", words, strconv.Itoa(secs)}}
}
