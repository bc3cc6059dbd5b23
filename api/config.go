package api

import (
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
	TLSCert, TLSKey     string // PEM files; both or none
	Logger              *slog.Logger
	Registry            *prometheus.Registry // nil: one of its own
}

// DefaultConfig serves plain HTTP with metrics for each heartbeat.
func DefaultConfig() Config { return Config{MetricsPerHeartbeat: true} }

// Validate tells the first thing that is wrong, and what to do about it.
func (c Config) Validate() error {
	if c.AdminKey != "" {
		if n := len(c.AdminKey); n < 16 || n > 256 {
			return fmt.Errorf("%w: the admin key has %d characters; use 16 to 256 printable ones in --admin-key", ErrConfig, n)
		}
		for _, b := range []byte(c.AdminKey) {
			if b <= ' ' || b > '~' {
				return fmt.Errorf("%w: the admin key has a space or an unprintable character; use 16 to 256 printable ASCII ones in --admin-key", ErrConfig)
			}
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("%w: --http-tls-cert and --http-tls-key go together: set both or none", ErrConfig)
	}
	return nil
}
