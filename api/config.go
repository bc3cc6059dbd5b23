package api

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// ErrConfig is wrapped by errors that the operator mends by changing a setting.
var ErrConfig = fsm.ErrConfig

// Config says how a node serves HTTP.
type Config struct {
	AdminKey            string   // 16 to 256 printable characters; "": only keys of the cluster
	Version, Revision   string   // of this program
	MetricsPerHeartbeat bool     // export series for each heartbeat
	MetricsToken        string   // what scrapers have to show, of the same form as AdminKey; "": nothing
	TLSCert, TLSKey     string   // PEM files; both or none
	TrustedProxies      []string // networks whose X-Forwarded-For and Forwarded are believed
	PublicURL           string   // that clients reach the cluster at; "": what they say in Host
	PingRate            float64  // pings a second of each heartbeat, 0.001 to 100000; 0: not limited
	PingBurst           int      // pings of it at once, 1 to 1000000
	Mail                Mail     // nil: the node sends none
	MaxConnections      int      // open at once; 0: what the limit on descriptors lets be
	Logger              *slog.Logger
	Registry            *prometheus.Registry // nil: one of its own
}

// DefaultConfig serves plain HTTP with metrics for each heartbeat.
func DefaultConfig() Config { return Config{MetricsPerHeartbeat: true, PingBurst: 10} }

// Validate tells the first thing that is wrong, and what to do about it.
func (c Config) Validate() error {
	if err := cmp.Or(validateKey("--admin-key", c.AdminKey), validateKey("--metrics-token", c.MetricsToken)); err != nil {
		return err
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("%w: --http-tls-cert and --http-tls-key go together: set both or none", ErrConfig)
	}
	if c.PingRate != 0 && !(c.PingRate >= 0.001 && c.PingRate <= 100_000) {
		return fmt.Errorf("%w: --ping-rate-limit is %g; it must be 0.001 to 100000 pings a second, or 0 for no limit", ErrConfig, c.PingRate)
	}
	if c.PingRate > 0 && (c.PingBurst < 1 || c.PingBurst > 1_000_000) {
		return fmt.Errorf("%w: --ping-rate-burst is %d; it must be 1 to 1000000 pings", ErrConfig, c.PingBurst)
	}
	if _, err := parseProxies(c.TrustedProxies); err != nil {
		return err
	}
	_, err := parsePublicURL(c.PublicURL)
	return err
}

func validateKey(flag, key string) error {
	if n := len(key); n > 0 && (n < 16 || n > 256) {
		return fmt.Errorf("%w: the key of %s has %d characters; use 16 to 256 printable ones", ErrConfig, flag, n)
	}
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return fmt.Errorf("%w: the key of %s has a space or an unprintable character; use 16 to 256 printable ASCII ones", ErrConfig, flag)
		}
	}
	return nil
}
