package pings

import (
	"io"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// pingBody reads a body to its end and returns the beginning that is kept. No ping is
// refused for its body: if the rest does not come in time the ping counts all the
// same, and the connection is closed.
func pingBody(ctx *fasthttp.RequestCtx) ([]byte, error) {
	kept, err := request.ReadBody(ctx, fsm.MaxBody+1) // a byte more tells where the last character ends
	if err != nil || len(kept) <= fsm.MaxBody {
		return kept, err
	}
	dropped, err := io.Copy(io.Discard, ctx.RequestBodyStream())
	switch n := ctx.Request.Header.ContentLength(); {
	case request.IsTimeout(err):
		ctx.SetConnectionClose()
	case err != nil, n > 0 && len(kept)+int(dropped) < n: // a stream that is cut off ends like a whole one
		return nil, request.ErrMalformed
	}
	return cutBody(kept), nil
}

// arrival returns when a request was read whole, if its header came at now.
func arrival(ctx *fasthttp.RequestCtx, now time.Time) time.Time {
	if request.HasBody(&ctx.Request.Header) {
		return time.Now()
	}
	return now
}

// cutBody returns at most fsm.MaxBody bytes of b, cut on a UTF-8 boundary, invalid
// UTF-8 kept as it came.
func cutBody(b []byte) []byte {
	if len(b) <= fsm.MaxBody {
		return b
	}
	// Back to where the last character begins, if that is cut.
	for end := fsm.MaxBody; end > fsm.MaxBody-utf8.UTFMax; end-- {
		if utf8.RuneStart(b[end]) {
			return b[:end]
		}
	}
	return b[:fsm.MaxBody]
}
