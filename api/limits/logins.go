package limits

import (
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Why a login failed.
const (
	NoKey      = "no_key"
	UnknownKey = "unknown_key"
	WrongScope = "scope"
	RevokedKey = "revoked"
)

// Logins counts failed logins, and logs those that look like a wrong key: the first at
// once, and then at most one line a minute. A key is never told.
type Logins struct {
	failed *prometheus.CounterVec
	log    *slog.Logger

	mu    sync.Mutex
	told  time.Time // the last line
	since int       // failures since then, with the one at hand

	used sync.Map     // of keys: *atomic.Int64, Unix seconds of their last use
	uses atomic.Int64 // how many keys it has
}

const loginLine = time.Minute // from one line to the next

// NewLogins registers its metric.
func NewLogins(registry prometheus.Registerer, log *slog.Logger) (*Logins, error) {
	l := &Logins{log: log, failed: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quorumbeat_auth_failures_total", Help: "Requests refused for their API key, by reason.",
	}, []string{"reason"})}
	for _, reason := range []string{NoKey, UnknownKey, WrongScope, RevokedKey} {
		l.failed.WithLabelValues(reason)
	}
	return l, registry.Register(l.failed)
}

// Fail counts a failed login.
func (l *Logins) Fail(reason string, from netip.Addr) {
	l.failed.WithLabelValues(reason).Inc()
	if reason != UnknownKey && reason != RevokedKey {
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

// Use notes that a key of the cluster was used here.
func (l *Logins) Use(key fsm.KeyID, now time.Time) {
	at, ok := l.used.Load(key)
	if !ok {
		if l.uses.Add(1) > 2*fsm.MaxKeys { // most of them are gone
			l.used.Clear()
			l.uses.Store(1)
		}
		at, _ = l.used.LoadOrStore(key, new(atomic.Int64))
	}
	if t := at.(*atomic.Int64); t.Load() != now.Unix() {
		t.Store(now.Unix())
	}
}

// LastUse is when a key was last used at this node since it was started; zero: never.
func (l *Logins) LastUse(key fsm.KeyID) time.Time {
	if at, ok := l.used.Load(key); ok {
		return time.Unix(at.(*atomic.Int64).Load(), 0)
	}
	return time.Time{}
}

// Failed is how many logins failed for a reason.
func (l *Logins) Failed(reason string) prometheus.Counter { return l.failed.WithLabelValues(reason) }
