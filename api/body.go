package api

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Bodies are streams: before a handler asks for one, no more of it than a byte is
// read, so that who may not send it cannot have memory for it.

// hasBody reports whether a body follows the header: one of a length, or in chunks.
func hasBody(h *fasthttp.RequestHeader) bool {
	const chunked = -1
	n := h.ContentLength()
	return n > 0 || n == chunked
}

// seeHeader has a request that will be refused refused before its body comes: it
// makes fasthttp ask expect, as if the client had. If expect thinks better of it, the
// client is told to go on, which it may always be.
func (s *Server) seeHeader(h *fasthttp.RequestHeader) (none fasthttp.RequestConfig) {
	const unsaid = -2
	if h.ContentLength() == 0 {
		h.SetContentLength(unsaid) // or fasthttp makes a stream of nothing, which costs most pings an allocation
	}
	if hasBody(h) && len(h.Peek(fasthttp.HeaderExpect)) == 0 && s.suspect(h) {
		h.Set(fasthttp.HeaderExpect, "100-continue")
	}
	return none
}

// suspect guesses, without asking anybody, whether a request will be refused.
func (s *Server) suspect(h *fasthttp.RequestHeader) bool {
	if isPing(rawPath(h)) {
		return false
	}
	if isPage(rawPath(h)) {
		return h.ContentLength() > maxBody
	}
	r, _, err := find(h)
	return err != nil || h.ContentLength() > maxBody || !r.public && !s.isAdmin(h)
}

// expect answers a client that waits before it sends a body: with 100, or with why it
// may not.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	h := &ctx.Request.Header
	if isPing(rawPath(h)) {
		return fasthttp.StatusContinue
	}
	r, _, err := find(h)
	switch {
	case isPage(rawPath(h)):
		err = nil
	case err != nil:
	case !r.public:
		err = s.authorize(ctx)
	}
	if err == nil && h.ContentLength() > maxBody {
		err = errTooLarge
	}
	if err == nil {
		return fasthttp.StatusContinue
	}
	deferred.Linger(ctx.Conn())
	s.refuse(ctx, err)
	private(ctx)
	return ctx.Response.StatusCode()
}

// isPing reports whether a path takes pings, of whatever body.
func isPing(path []byte) bool {
	_, _, ping := pingPath(path)
	_, healthchecks := healthchecksPath(path)
	_, push := pushPath(path)
	return ping || healthchecks || push || isOther(path)
}

// jsonBody reads the whole body, which may have maxBody bytes.
func jsonBody(ctx *fasthttp.RequestCtx) ([]byte, error) {
	if ctx.Request.Header.ContentLength() > maxBody {
		return nil, errTooLarge
	}
	body, err := readBody(ctx, maxBody+1)
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	return body, err
}

// pingBody reads a body to its end and returns the beginning that is kept. No ping is
// refused for its body: if the rest does not come in time the ping counts all the
// same, and the connection is closed.
func pingBody(ctx *fasthttp.RequestCtx) ([]byte, error) {
	kept, err := readBody(ctx, fsm.MaxBody+1) // a byte more tells where the last character ends
	if err != nil || len(kept) <= fsm.MaxBody {
		return kept, err
	}
	dropped, err := io.Copy(io.Discard, ctx.RequestBodyStream())
	switch n := ctx.Request.Header.ContentLength(); {
	case isTimeout(err):
		ctx.SetConnectionClose()
	case err != nil, n > 0 && len(kept)+int(dropped) < n: // a stream that is cut off ends like a whole one
		return nil, errMalformed
	}
	return cutBody(kept), nil
}

// arrival returns when a request was read whole, if its header came at now.
func arrival(ctx *fasthttp.RequestCtx, now time.Time) time.Time {
	if hasBody(&ctx.Request.Header) {
		return time.Now()
	}
	return now
}

// readBody reads at most so many bytes of the body.
func readBody(ctx *fasthttp.RequestCtx, most int) ([]byte, error) {
	from := ctx.RequestBodyStream()
	if from == nil || !hasBody(&ctx.Request.Header) {
		return nil, nil
	}
	room, length := most, ctx.Request.Header.ContentLength()
	if length > 0 {
		room = min(length, most)
	}
	body, err := readUpTo(from, min(room, 512), room)
	switch {
	case isTimeout(err):
		return nil, errTimeout
	case err != nil, length > 0 && len(body) < room:
		return nil, errMalformed
	}
	return body, nil
}

// readUpTo reads until from ends or there are most bytes, in a buffer that grows with
// what has come.
func readUpTo(from io.Reader, first, most int) ([]byte, error) {
	body := make([]byte, 0, first)
	for len(body) < most {
		if len(body) == cap(body) {
			body = append(make([]byte, 0, min(4*cap(body), most)), body...)
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return body, nil
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}
