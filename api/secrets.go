package api

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"fmt"
	"sync/atomic"
)

// secrets are what a node can exchange while it runs.
type secrets struct {
	admin  atomic.Pointer[[32]byte] // SHA-256 of the admin key; nil: there is none
	scrape atomic.Pointer[[32]byte] // of the scrapers' token; nil: none is needed
	cert   atomic.Pointer[tls.Certificate]
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
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil },
	}
}
