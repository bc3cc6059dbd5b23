package request

import (
	"errors"
	"io"
	"net"

	"github.com/valyala/fasthttp"
)

// Bodies are streams: before a handler asks for one, no more of it than a byte is
// read, so that who may not send it cannot have memory for it.

// HasBody reports whether a body follows the header: one of a length, or in chunks.
func HasBody(h *fasthttp.RequestHeader) bool {
	const chunked = -1
	n := h.ContentLength()
	return n > 0 || n == chunked
}

// ReadBody reads at most so many bytes of the body.
func ReadBody(ctx *fasthttp.RequestCtx, most int) ([]byte, error) {
	from := ctx.RequestBodyStream()
	if from == nil || !HasBody(&ctx.Request.Header) {
		return nil, nil
	}
	room, length := most, ctx.Request.Header.ContentLength()
	if length > 0 {
		room = min(length, most)
	}
	body, err := readUpTo(from, min(room, 512), room)
	switch {
	case IsTimeout(err):
		return nil, ErrTimeout
	case err != nil, length > 0 && len(body) < room:
		return nil, ErrMalformed
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

// IsTimeout reports whether something did not come, or go, in time.
func IsTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}
