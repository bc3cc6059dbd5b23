package api

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Why a login failed.
const (
	loginNoKey   = "no_key"
	loginUnknown = "unknown_key"
	loginScope   = "scope"
	loginRevoked = "revoked"
)

// logins counts failed logins, and logs those that look like a wrong key: the first at
// once, and then at most one line a minute. A key is never told.
type logins struct {
	failed *prometheus.CounterVec
	log    *slog.Logger

	mu    sync.Mutex
	told  time.Time // the last line
	since int       // failures since then, with the one at hand
}

const loginLine = time.Minute // from one line to the next

func newLogins(cfg Config) (*logins, error) {
	l := &logins{log: cfg.Logger, failed: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_auth_failures_total", Help: "Requests refused for their API key, by reason.",
	}, []string{"reason"})}
	for _, reason := range []string{loginNoKey, loginUnknown, loginScope, loginRevoked} {
		l.failed.WithLabelValues(reason)
	}
	return l, cfg.Registry.Register(l.failed)
}

// fail counts a failed login.
func (l *logins) fail(reason string, from netip.Addr) {
	l.failed.WithLabelValues(reason).Inc()
	if reason != loginUnknown && reason != loginRevoked {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since++
	if now := time.Now(); l.told.IsZero() || now.Sub(l.told) >= loginLine {
		l.log.Warn("a request came with an API key that is not known or was revoked: correct it there; if it comes from nobody you know, close this port to strangers", "from", from, "failures", l.since)
		l.told, l.since = now, 0
	}
}
