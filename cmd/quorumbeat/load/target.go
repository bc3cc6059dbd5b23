package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// dialLimit bounds the making of a connection.
const dialLimit = 5 * time.Second

// target is one address that is pinged.
type target struct {
	url  string
	addr string // HOST:PORT
	tls  *tls.Config
	head []byte // of a request, up to the token
	tail []byte // and behind it
}

// parseTarget reads the address of a node or load balancer, with or without /v1.
func parseTarget(text string) (*target, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the address is %q: use http://HOST:PORT", text)
	}
	t := &target{url: text}
	port := u.Port()
	if u.Scheme == "https" {
		t.tls = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	t.addr = net.JoinHostPort(u.Hostname(), port)
	path := strings.TrimSuffix(strings.TrimRight(u.EscapedPath(), "/"), "/v1")
	t.head = fmt.Appendf(nil, "POST %s/v1/heartbeats/", path)
	t.tail = fmt.Appendf(nil, "/ping HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", u.Host)
	return t, nil
}

// appendRequest appends a ping of one heartbeat.
func (t *target) appendRequest(b []byte, token string) []byte {
	b = append(b, t.head...)
	b = append(b, token...)
	return append(b, t.tail...)
}

func (t *target) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: dialLimit}
	if t.tls != nil {
		return (&tls.Dialer{NetDialer: &d, Config: t.tls}).DialContext(ctx, "tcp", t.addr)
	}
	return d.DialContext(ctx, "tcp", t.addr)
}
