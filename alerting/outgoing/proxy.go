package outgoing

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/quorumbeat/quorumbeat/internal/unreachable"
)

// proxyFor returns the proxy for a URL; nil if there is none. The operator of the node
// chose it, so its own address is not checked.
func (c *Client) proxyFor(u *url.URL) (*url.URL, error) {
	if c.Proxy == nil {
		return nil, nil
	}
	proxy, err := c.Proxy(u)
	switch {
	case err != nil:
		return nil, errors.New("the proxy of the environment (HTTPS_PROXY, HTTP_PROXY) is no URL")
	case proxy == nil:
		return nil, nil
	case proxy.Scheme != "http" && proxy.Scheme != "https":
		return nil, fmt.Errorf("a proxy of the kind %.20q is not supported: use http or https", proxy.Scheme)
	}
	return proxy, nil
}

func (c *Client) connectByProxy(ctx context.Context, u, proxy *url.URL) (net.Conn, error) {
	d := net.Dialer{Resolver: c.resolver}
	conn, err := d.DialContext(ctx, "tcp", hostPort(proxy))
	if err != nil {
		return nil, ofProxy(proxy, err)
	}
	if proxy.Scheme == "https" {
		if conn, err = c.startTLS(ctx, conn, proxy.Hostname()); err != nil {
			return nil, ofProxy(proxy, err)
		}
	}
	if u.Scheme != "https" {
		return conn, nil
	}
	if err := openTunnel(ctx, conn, hostPort(u), proxy); err != nil {
		conn.Close()
		return nil, ofProxy(proxy, err)
	}
	return c.startTLS(ctx, conn, u.Hostname())
}

// ofProxy says that it is the proxy which could not be reached, or did not take the request.
func ofProxy(proxy *url.URL, err error) error {
	return fmt.Errorf("the proxy %s: %w", proxy.Host, unreachable.Explain(err))
}

// openTunnel asks a proxy for a connection to a host. Nothing may follow its answer before
// TLS begins, so the reader's buffer holds nothing more.
func openTunnel(ctx context.Context, conn net.Conn, to string, proxy *url.URL) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	head := "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\nUser-Agent: " + userAgent + "\r\n"
	if auth := proxyAuthorization(proxy); auth != "" {
		head += "Proxy-Authorization: " + auth + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(io.LimitReader(oneByte{conn}, maxHead), 16), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %d to CONNECT", answer.StatusCode)
	}
	return nil
}

// oneByte reads a byte at a time, so that nothing is taken that belongs to TLS.
type oneByte struct{ net.Conn }

func (c oneByte) Read(b []byte) (int, error) { return c.Conn.Read(b[:min(len(b), 1)]) }

func proxyAuthorization(proxy *url.URL) string {
	if proxy.User == nil {
		return ""
	}
	password, _ := proxy.User.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password))
}
