package outgoing

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/unreachable"
)

// Limits of time for a request.
type Limits struct {
	Connect time.Duration // name, TCP, proxy and TLS together
	Answer  time.Duration // from the first byte of the request to the end of the answer
}

// DefaultLimits are what a service that works needs, and more.
func DefaultLimits() Limits { return Limits{Connect: 10 * time.Second, Answer: 15 * time.Second} }

// Client opens connections.
type Client struct {
	Policy Policy
	Limits Limits
	Proxy  func(*url.URL) (*url.URL, error) // nil: none
	Roots  *x509.CertPool                   // nil: the system's
	Wrote  func()                           // told when a request is out; for tests; nil: nobody

	resolver *net.Resolver // for tests; nil: the system's
}

// New returns a client that goes by the proxies of the environment.
func New(p Policy) *Client {
	return &Client{Policy: p, Limits: DefaultLimits(), Proxy: func(u *url.URL) (*url.URL, error) {
		return http.ProxyFromEnvironment(&http.Request{URL: u})
	}}
}

// Open connects to where a URL leads, as far as a request may follow. What it returns has
// to be closed.
func (c *Client) Open(ctx context.Context, u *url.URL) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Limits.Connect)
	defer cancel()
	if err := c.Policy.CheckHost(u.Hostname()); err != nil {
		return nil, err
	}
	proxy, err := c.proxyFor(u)
	if err != nil {
		return nil, err
	}
	conn, err := c.connect(ctx, u, proxy)
	if err != nil {
		return nil, explain(ctx, u, c.Limits.Connect, err)
	}
	return &Conn{conn: conn, client: c, url: u, proxy: proxy}, nil
}

func (c *Client) connect(ctx context.Context, u, proxy *url.URL) (net.Conn, error) {
	if proxy != nil {
		return c.connectByProxy(ctx, u, proxy)
	}
	d := net.Dialer{ControlContext: c.checkDial, Resolver: c.resolver}
	conn, err := d.DialContext(ctx, "tcp", hostPort(u))
	if err != nil || u.Scheme != "https" {
		return conn, err
	}
	return c.startTLS(ctx, conn, u.Hostname())
}

// checkDial is called with each address that is about to be dialled.
func (c *Client) checkDial(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return refusef("an address that cannot be read")
	}
	return c.Policy.CheckAddr(to.Addr())
}

// startTLS completes a handshake; the certificate must be for the name.
func (c *Client) startTLS(ctx context.Context, conn net.Conn, name string) (net.Conn, error) {
	t := tls.Client(conn, &tls.Config{ServerName: name, RootCAs: c.Roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// explain says in plain words what could not be reached and why, by its host alone: the rest
// of a URL may be a secret.
func explain(ctx context.Context, u *url.URL, limit time.Duration, err error) error {
	var refused *RefusedError
	why := unreachable.Explain(err)
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s may not be asked: %w", u.Hostname(), refused)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s could not be connected to within %v: %w", u.Host, limit, why)
	}
	return fmt.Errorf("%s could not be connected to: %w", u.Host, why)
}
