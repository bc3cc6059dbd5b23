package outgoing

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/unreachable"
)

const (
	maxHead       = 64 << 10 // bytes of an answer's head
	maxBody       = 64 << 10 // and of its body; the rest is not read
	maxRetryAfter = time.Hour
	userAgent     = "quorumbeat"
)

var (
	// ErrLate says that the request was not begun, because its time was over.
	ErrLate = errors.New("the request was not begun in time")

	// ErrNoAnswer says that the request may have been taken.
	ErrNoAnswer = errors.New("the request was begun and no answer came")
)

// Request is what is sent.
type Request struct {
	Method string
	Header map[string]string
	Body   []byte
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // as far as it was read
}

// RetryAfter is how long the answer asks to wait; 0 if it does not say. An hour at most.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	text := a.Header.Get("Retry-After")
	var d time.Duration
	if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 { // not for NaN
		d = time.Duration(min(n, maxRetryAfter.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

// Conn is a connection for one request.
type Conn struct {
	conn   net.Conn
	client *Client
	url    *url.URL
	proxy  *url.URL
}

// Close ends the connection, also under a Do.
func (c *Conn) Close() { c.conn.Close() }

// Do sends the request, whose first byte must go out before by, and returns the answer.
// The end of ctx ends it.
func (c *Conn) Do(ctx context.Context, by time.Time, r Request) (Answer, error) {
	req, err := c.build(r)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrLate, err)
	}
	var wire bytes.Buffer
	write := req.Write
	if c.proxy != nil && c.url.Scheme == "http" {
		write = req.WriteProxy
	}
	if err := write(&wire); err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrLate, err)
	}
	stop := context.AfterFunc(ctx, c.Close)
	defer stop()
	now := time.Now()
	if ctx.Err() != nil || !now.Before(by) {
		return Answer{}, ErrLate
	}
	_ = c.conn.SetDeadline(now.Add(c.client.Limits.Answer))
	answer, err := c.exchange(req, wire.Bytes())
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrNoAnswer, unreachable.Explain(err))
	}
	return answer, nil
}

func (c *Conn) build(r Request) (*http.Request, error) {
	req, err := http.NewRequest(r.Method, c.url.String(), bytes.NewReader(r.Body)) //nolint:noctx // the connection has the deadline
	if err != nil {
		return nil, errors.New("the request cannot be written")
	}
	req.Close = true
	req.Header.Set("User-Agent", userAgent)
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	if c.proxy != nil && c.url.Scheme == "http" {
		if auth := proxyAuthorization(c.proxy); auth != "" {
			req.Header.Set("Proxy-Authorization", auth)
		}
	}
	return req, nil
}

// exchange writes while it reads: a server may answer before it has read everything, and
// close. Then its answer counts.
func (c *Conn) exchange(req *http.Request, wire []byte) (Answer, error) {
	var writing sync.WaitGroup
	var failed error
	writing.Go(func() {
		_, failed = c.conn.Write(wire)
		if failed == nil && c.client.Wrote != nil {
			c.client.Wrote()
		}
	})
	answer, err := c.readAnswer(req)
	c.Close()
	writing.Wait()
	if err != nil && failed != nil {
		err = failed
	}
	return answer, err
}

// readAnswer reads the final answer. A body that ends early is taken as far as it came:
// the status says what became of the request.
func (c *Conn) readAnswer(req *http.Request) (Answer, error) {
	limited := &io.LimitedReader{R: c.conn, N: maxHead}
	in := bufio.NewReader(limited)
	for range 5 { // informational answers may come before
		res, err := http.ReadResponse(in, req)
		switch {
		case err != nil && limited.N <= 0:
			return Answer{}, fmt.Errorf("the head of its answer is over %d KiB", maxHead>>10)
		case err != nil && unreachable.Why(err) == "":
			return Answer{}, fmt.Errorf("its answer is no HTTP (%w)", err)
		case err != nil:
			return Answer{}, err
		}
		if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		limited.N = maxBody
		body, _ := io.ReadAll(io.LimitReader(res.Body, maxBody))
		return Answer{Status: res.StatusCode, Header: res.Header, Body: body}, nil
	}
	return Answer{}, errors.New("it sent informational answers only")
}
