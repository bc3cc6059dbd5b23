package heartbeat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	maxAnswer = 1 << 30 // bounds what is read of an answer, in bytes
	userAgent = "quorumbeat-go"
)

// request is one call, for as many attempts as it takes.
type request struct {
	method, path string
	body         []byte
	contentType  string
	keyless      bool   // the path holds the credential
	idempotency  string // the Idempotency-Key; "": none
	once         bool   // it may not be repeated if it may have been done
	stream       bool   // the answer takes its time
}

// call sends a request with a JSON body and decodes its answer into out, unless
// that is nil.
func (c *Client) call(ctx context.Context, r request, in, out any) error {
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		r.body, r.contentType = b, "application/json"
	}
	if c.stale && r.method == http.MethodGet {
		r.path = stale(r.path)
	}
	err := c.try(ctx, r.once, func(ctx context.Context, n node, limit time.Duration) error {
		return c.attempt(ctx, n, limit, r, out)
	})
	if r.method == http.MethodDelete && IsNotFound(err) && IsUnknownOutcome(err) {
		return nil // an attempt before has done it
	}
	return err
}

// stale is a path that asks for what the node has.
func stale(path string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "consistency=stale"
}

// result is call for an answer of type T.
func result[T any](ctx context.Context, c *Client, r request, in any) (*T, error) {
	out := new(T)
	if err := c.call(ctx, r, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// attempt asks one node and reads the whole answer.
func (c *Client) attempt(ctx context.Context, n node, limit time.Duration, r request, out any) error {
	res, err := c.open(ctx, n, limit, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", n.shown, err)
	}
	if out == nil {
		return nil
	}
	err = json.Unmarshal(answer, out)
	if c, ok := out.(interface{ check() error }); ok && err == nil {
		err = c.check()
	}
	if err != nil {
		return fmt.Errorf("%s does not answer like quorumbeat: %w", n.shown, err)
	}
	return nil
}

// open asks one node. It returns an answer of success, whose body is yet to be
// read; limit is how long it may take to come, and then how long it may pause.
func (c *Client) open(ctx context.Context, n node, limit time.Duration, r request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, r.method, n.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		cancel(nil)
		return nil, bare(n, err)
	}
	c.setHeaders(req, r)
	slow := fmt.Errorf("%s did not answer within %s: %w", n.shown, limit.Round(time.Millisecond), os.ErrDeadlineExceeded)
	w := &watched{limit: limit, slow: slow, ctx: ctx, cancel: cancel}
	w.timer = time.AfterFunc(limit, func() { cancel(slow) })
	h := *c.http
	h.CheckRedirect = stay
	if r.stream {
		h.Timeout = 0
	}
	res, err := h.Do(req)
	if err != nil {
		defer w.Close()
		return nil, w.explain(bare(n, err))
	}
	w.timer.Stop()
	w.body, res.Body = res.Body, w
	switch res.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return res, nil
	}
	defer w.Close()
	answer, err := io.ReadAll(io.LimitReader(w, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", n.shown, err)
	}
	return nil, newAPIError(res, answer)
}

func (c *Client) setHeaders(req *http.Request, r request) {
	h := req.Header
	h.Set("Accept", "application/json")
	h.Set("User-Agent", userAgent)
	if r.contentType != "" {
		h.Set("Content-Type", r.contentType)
	}
	if c.apiKey != "" && !r.keyless {
		h.Set("Authorization", "Bearer "+c.apiKey)
	}
	if r.idempotency != "" {
		h.Set("Idempotency-Key", r.idempotency)
	}
}

// bare is an error of net/http without the URL in its words: that holds the token.
func bare(n node, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%s: %w", n.shown, err)
}

// watched is the body of an answer. It ends with an error when the node pauses.
type watched struct {
	body   io.ReadCloser
	limit  time.Duration
	timer  *time.Timer
	slow   error
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (w *watched) Read(b []byte) (int, error) {
	w.timer.Reset(w.limit)
	n, err := w.body.Read(b)
	w.timer.Stop() // what the reader does meanwhile is its own affair
	if err != nil && !errors.Is(err, io.EOF) {
		err = w.explain(err)
	}
	return n, err
}

// explain is err, or that it took too long if that was the cause.
func (w *watched) explain(err error) error {
	if cause := context.Cause(w.ctx); errors.Is(cause, w.slow) {
		return w.slow
	}
	return err
}

func (w *watched) Close() error {
	w.timer.Stop()
	var err error
	if w.body != nil {
		err = w.body.Close()
	}
	w.cancel(nil)
	return err
}
