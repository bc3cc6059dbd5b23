package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/unreachable"
)

// tlsConfig believes the authorities of the target's CA file, else the system's. The file
// is read anew for each connection.
func (s *dialer) tlsConfig() (*tls.Config, error) {
	if s.tls != nil {
		c := s.tls.Clone()
		c.ServerName = s.target.Host
		return c, nil
	}
	roots, err := ReadCA(s.target.CA)
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.target.Host, RootCAs: roots}, err
}

// ReadCA reads a PEM file; "" stands for the system's, as nil.
func ReadCA(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the ca file of --smtp-url cannot be read: %w", errors.Unwrap(err)) // without its path: it may be of the password
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("the ca file of --smtp-url holds no certificate in PEM form")
	}
	return roots, nil
}

// explainTLS says in plain words why TLS did not begin, and what to do.
func explainTLS(t Target, err error) error {
	return &unreachable.Error{Words: fmt.Sprintf("no TLS with %s: %s", t.Addr, tlsAdvice(t, err)), Cause: err}
}

func tlsAdvice(t Target, err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var noTLS tls.RecordHeaderError
	var answer *Error
	var netErr net.Error
	switch {
	case errors.Is(err, ErrNoStartTLS):
		return "the server offers no STARTTLS: use smtps:// if this port speaks TLS from the first byte, another port, or tls=none if the way there is safe"
	case errors.As(err, &answer):
		return fmt.Sprintf("the server offers STARTTLS and refuses it, with %q: see to its certificate and key", answer.Reply.String())
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that this machine does not know: name the authority's file by ca=FILE in --smtp-url or by SSL_CERT_FILE"
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is not for %s: use the name in --smtp-url that the certificate has", t.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet: renew it, and see to both machines' clocks"
	case errors.As(err, &invalid):
		return "its certificate is not valid: renew it"
	case errors.As(err, &noTLS) && t.Security == ImplicitTLS:
		return "this port does not speak TLS from the first byte: use smtp:// with tls=starttls"
	case strings.Contains(err.Error(), "protocol version"):
		return "it knows only versions of TLS older than 1.2, which are not safe: update it"
	case strings.Contains(err.Error(), "handshake failure"):
		return "it has no cipher or certificate in common with this program: update it"
	case errors.As(err, &netErr) && netErr.Timeout():
		return "the handshake was not answered in time"
	}
	return "the handshake failed: " + unreachable.Explain(err).Error()
}

// explainGreeting explains a first word that did not come: most often, both sides wait for the
// other to begin.
func (s *dialer) explainGreeting(err error) error {
	var refusal *Error
	hint := ""
	if !errors.As(err, &refusal) && s.target.Security != ImplicitTLS {
		hint = "; if this port speaks TLS from the first byte, use smtps://"
	}
	return fmt.Errorf("%s did not greet%s: %w", s.target.Addr, hint, err)
}

// keepAlive and watchPeer find out within half a minute that the server's machine is
// gone, while a server that is only slow keeps its time.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}
