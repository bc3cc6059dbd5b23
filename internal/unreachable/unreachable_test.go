package unreachable

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// goSpeak are words of Go's libraries, and addresses that nobody who reads an alert should see.
var goSpeak = regexp.MustCompile(`dial |lookup |read tcp|connect:|x509|tls:|EOF|i/o timeout|context|no such host|10\.0\.0`)

// op is an error as net has them: with this machine's address and the other's.
func op(what string, err error) error {
	ours, theirs := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 3), Port: 4711}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 443}
	return fmt.Errorf("told by somebody: %w", &net.OpError{Op: what, Net: "tcp", Source: ours, Addr: theirs, Err: err})
}

func call(err syscall.Errno) error { return op("dial", os.NewSyscallError("connect", err)) }

func TestWhy(t *testing.T) {
	name := func(change net.DNSError) error {
		change.Name, change.Server, change.Err = "hooks.example.com", "10.0.0.1:53", "no such host"
		return op("dial", &change)
	}
	for want, err := range map[string]error{
		"the name hooks.example.com is not known":                                              name(net.DNSError{IsNotFound: true}),
		"the name hooks.example.com could not be looked up in time: see to this machine's DNS": name(net.DNSError{IsTimeout: true}),
		"the name hooks.example.com could not be looked up: see to this machine's DNS":         name(net.DNSError{IsTemporary: true}),
		"nothing listens there (connection refused)":                                           call(syscall.ECONNREFUSED),
		"there is no way to it from this machine (no route)":                                   errors.Join(call(syscall.ENETUNREACH), call(syscall.EHOSTUNREACH)),
		"a firewall of this machine lets nothing through to it":                                call(syscall.EPERM),
		"it closed the connection":                                                             errors.Join(op("read", os.NewSyscallError("read", syscall.ECONNRESET)), op("write", syscall.EPIPE), op("read", io.EOF)),
		"the connection was closed from here":                                                  op("read", net.ErrClosed),
		"cannot assign requested address":                                                      call(syscall.EADDRNOTAVAIL),
		"it refuses TLS with this machine (handshake failure)":                                 op("remote error", tls.AlertError(40)),
	} {
		all := []error{err}
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			all = several.Unwrap()
		}
		for _, err := range all {
			if got := Why(err); got != want {
				t.Errorf("%v: %q, want %q", err, got, want)
			}
		}
	}
	for _, err := range []error{op("read", os.ErrDeadlineExceeded), fmt.Errorf("asking: %w", context.DeadlineExceeded), call(syscall.ETIMEDOUT)} {
		if got := Why(err); got != TooLong {
			t.Errorf("%v: %q", err, got)
		}
	}
	for _, err := range []error{errors.New("something else"), context.Canceled, &fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}, &fs.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}} {
		if got := Why(err); got != "" {
			t.Errorf("%v: %q, though it is no error of a connection", err, got)
		}
	}
}

// TestWhyNoTLS has real handshakes fail.
func TestWhyNoTLS(t *testing.T) {
	good, roots := certificate(t, func(*x509.Certificate) {})
	other, others := certificate(t, func(c *x509.Certificate) { c.DNSNames = []string{"else.example.com"} })
	old, ofOld := certificate(t, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	})
	for name, x := range map[string]struct {
		server *tls.Config
		roots  *x509.CertPool
		want   string
	}{
		"nothing is wrong":     {&tls.Config{Certificates: good}, roots, ""},
		"an unknown authority": {&tls.Config{Certificates: good}, x509.NewCertPool(), "its certificate is of an authority that this machine does not know (SSL_CERT_FILE names more)"},
		"another name":         {&tls.Config{Certificates: other}, others, "its certificate is for another name, not for hooks.example.com"},
		"expired":              {&tls.Config{Certificates: old}, ofOld, "its certificate holds from 2020-01-01 00:00 UTC to 2021-01-01 00:00 UTC only: see to it, or to this machine's clock"},
		"an old version":       {&tls.Config{Certificates: good, MaxVersion: tls.VersionTLS11}, roots, "it knows only versions of TLS older than 1.2, which are not safe"},
		"no certificate":       {&tls.Config{}, roots, "it refuses TLS with this machine"},
		"no TLS":               {nil, roots, "it speaks without TLS there: use http://, or its port for TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			err := handshake(t, x.server, &tls.Config{ServerName: "hooks.example.com", RootCAs: x.roots, MinVersion: tls.VersionTLS12})
			got := ""
			if err != nil {
				got = Why(err)
			}
			if (err != nil) != (x.want != "") || !strings.HasPrefix(got, x.want) || goSpeak.MatchString(got) {
				t.Errorf("%v: %q, want %q", err, got, x.want)
			}
		})
	}
}

// handshake is a client's with a server of a config, or with one that speaks no TLS.
func handshake(t *testing.T, server, client *tls.Config) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	ended := make(chan struct{})
	defer func() { ln.Close(); <-ended }()
	go func() {
		defer close(ended)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if server == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			return
		}
		_ = tls.Server(conn, server).HandshakeContext(t.Context())
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	testkit.Must(t, err)
	defer conn.Close()
	return tls.Client(conn, client).HandshakeContext(t.Context())
}

// certificate is one that signs itself, and who believes it.
func certificate(t *testing.T, change func(*x509.Certificate)) ([]tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	testkit.Must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"hooks.example.com"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	testkit.Must(t, err)
	c, err = x509.ParseCertificate(der)
	testkit.Must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, roots
}

// TestWhoExplainsFirstIsHeard: the innermost knows most of what was wrong.
func TestWhoExplainsFirstIsHeard(t *testing.T) {
	cause := call(syscall.ECONNREFUSED)
	err := fmt.Errorf("the proxy p:3128: %w", Explain(cause))
	if got := Explain(err); got.Error() != "the proxy p:3128: nothing listens there (connection refused)" || !errors.Is(got, syscall.ECONNREFUSED) {
		t.Error(got)
	}
	for _, err := range []error{nil, io.ErrNoProgress} {
		if got := Explain(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}
