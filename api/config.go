package api

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/api/proxied"
	"github.com/quorumbeat/quorumbeat/api/tickets"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// ErrConfig is wrapped by errors that the operator mends by changing a setting.
var ErrConfig = fsm.ErrConfig

// Config says how a node serves HTTP.
type Config struct {
	AdminKey            string                      // 16 to 256 printable characters; "": only keys of the cluster
	Version, Revision   string                      // of this program
	MetricsPerHeartbeat bool                        // export series for each heartbeat
	MetricsToken        string                      // what scrapers have to show, of the same form as AdminKey; "": nothing
	TLSCert, TLSKey     string                      // PEM files; both or none
	TrustedProxies      []string                    // networks whose X-Forwarded-For and Forwarded are believed
	PublicURL           string                      // that clients reach the cluster at; "": what they say in Host
	PingRate            float64                     // pings a second of each heartbeat, 0.001 to 100000; 0: not limited
	PingBurst           int                         // pings of it at once, 1 to 1000000
	Zones               Zones                       // of schedules; nil: UTC alone
	Links               Links                       // nil: there are no links in mails
	Now                 func() time.Time            // the clock by which schedules are computed; nil: time.Now
	Mail                Mail                        // nil: the node sends none
	Outbound            func() OutboundStatus       // nil: no other monitor is told
	Channels            Channels                    // nil: the node sends no alerts
	CheckChannel        func(fsm.ChannelSpec) error // whether this node may ask what a channel names; nil: it may
	AllowCommands       bool                        // channels of the kind command may be made
	MaxConnections      int                         // open at once; 0: what the limit on descriptors lets be
	LastBackup          time.Time                   // when this node last sent one, before its start; zero: never
	BackedUp            func(time.Time) error       // told when it sent one; nil: nobody is
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
	if _, err := proxied.ParseNetworks(c.TrustedProxies); err != nil {
		return err
	}
	_, err := proxied.ParsePublicURL(c.PublicURL)
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

// secrets are what a node can exchange while it runs.
type secrets struct {
	admin  atomic.Pointer[[32]byte] // SHA-256 of the admin key; nil: there is none
	scrape atomic.Pointer[[32]byte] // of the scrapers' token; nil: none is needed
	cert   atomic.Pointer[tls.Certificate]

	tickets tickets.Keys
}

// SetKeys exchanges the admin key and the scrapers' token; "" is none. Errors wrap
// ErrConfig, and leave both as they were.
func (s *Server) SetKeys(adminKey, metricsToken string) error {
	if err := cmp.Or(validateKey("--admin-key", adminKey), validateKey("--metrics-token", metricsToken)); err != nil {
		return err
	}
	s.secrets.admin.Store(hashOf(adminKey))
	s.secrets.scrape.Store(hashOf(metricsToken))
	return nil
}

func hashOf(key string) *[32]byte {
	if key == "" {
		return nil
	}
	hash := hashKey([]byte(key))
	return &hash
}

// LoadCertificate reads the HTTP certificate of PEM files, and shows it to the clients
// that connect from now on. It reports whether it is another one than before. Errors wrap
// ErrConfig, and leave the old one in force. A server that began without a certificate
// takes none.
func (s *Server) LoadCertificate(certFile, keyFile string) (changed bool, err error) {
	old := s.secrets.cert.Load()
	if (old != nil) != (certFile != "") {
		return false, fmt.Errorf("%w: TLS of the HTTP port is turned on or off by a restart only", ErrConfig)
	}
	if old == nil {
		return false, nil
	}
	fresh, err := readCertificate(certFile, keyFile)
	if err != nil {
		return false, err
	}
	s.secrets.cert.Store(fresh)
	return !bytes.Equal(bytes.Join(old.Certificate, nil), bytes.Join(fresh.Certificate, nil)), nil
}

func readCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: the HTTP certificate cannot be used: %v; see --http-tls-cert and --http-tls-key", ErrConfig, err)
	}
	return &cert, nil
}

// tlsConfig shows each client the certificate in force.
func (s *secrets) tlsConfig() *tls.Config {
	c := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil },
	}
	s.tickets.Use(c)
	return c
}

// certificateExpiry tells until when the certificate is valid that clients are shown.
func (s *Server) certificateExpiry() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quorumbeat_http_tls_not_after_timestamp_seconds", Help: "When the certificate of the HTTP port expires.",
	}, func() float64 { return float64(s.secrets.cert.Load().Leaf.NotAfter.UnixMilli()) / 1000 })
}
