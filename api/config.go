package api

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrConfig is wrapped by errors that the operator mends by changing a setting.
var ErrConfig = errors.New("configuration")

// Config says how a node serves HTTP.
type Config struct {
	AdminKey            string // 16 to 256 printable characters; "": only keys of the cluster
	Version, Revision   string // of this program
	MetricsPerHeartbeat bool   // export series for each heartbeat
	MetricsToken        string // what scrapers have to show, of the same form as AdminKey; "": nothing
	TLSCert, TLSKey     string // PEM files; both or none
	Logger              *slog.Logger
	Registry            *prometheus.Registry // nil: one of its own
}

// DefaultConfig serves plain HTTP with metrics for each heartbeat.
func DefaultConfig() Config { return Config{MetricsPerHeartbeat: true} }

// Validate tells the first thing that is wrong, and what to do about it.
func (c Config) Validate() error {
	if err := cmp.Or(validateKey("--admin-key", c.AdminKey), validateKey("--metrics-token", c.MetricsToken)); err != nil {
		return err
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("%w: --http-tls-cert and --http-tls-key go together: set both or none", ErrConfig)
	}
	return nil
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
