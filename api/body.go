package api

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/pings"
	"github.com/quorumbeat/quorumbeat/api/request"
)

// seeHeader has a request that will be refused refused before its body comes: it
// makes fasthttp ask expect, as if the client had. If expect thinks better of it, the
// client is told to go on, which it may always be.
func (s *Server) seeHeader(h *fasthttp.RequestHeader) (none fasthttp.RequestConfig) {
	const unsaid = -2
	if h.ContentLength() == 0 {
		h.SetContentLength(unsaid) // or fasthttp makes a stream of nothing, which costs most pings an allocation
	}
	if request.HasBody(h) && len(h.Peek(fasthttp.HeaderExpect)) == 0 && s.suspect(h) {
		h.Set(fasthttp.HeaderExpect, "100-continue")
	}
	return none
}

// suspect guesses, without asking anybody, whether a request will be refused.
func (s *Server) suspect(h *fasthttp.RequestHeader) bool {
	if pings.IsPath(request.Path(h)) {
		return false
	}
	if isPage(request.Path(h)) {
		return h.ContentLength() > maxBody
	}
	r, _, err := find(h)
	return err != nil || h.ContentLength() > maxBody || r.needs != anyone && !s.mayCall(h, r.needs)
}

// expect answers a client that waits before it sends a body: with 100, or with why it
// may not.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	h := &ctx.Request.Header
	if pings.IsPath(request.Path(h)) {
		return fasthttp.StatusContinue
	}
	r, _, err := find(h)
	switch {
	case isPage(request.Path(h)):
		err = nil
	case err != nil:
	case r.needs != anyone:
		err = s.authorize(ctx, r.needs)
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

// jsonBody reads the whole body, which may have maxBody bytes.
func jsonBody(ctx *fasthttp.RequestCtx) ([]byte, error) {
	if ctx.Request.Header.ContentLength() > maxBody {
		return nil, errTooLarge
	}
	body, err := request.ReadBody(ctx, maxBody+1)
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	return body, err
}

// decode reads a JSON object; see [request.DecodeObject].
func decode(ctx *fasthttp.RequestCtx, v any) error {
	body, err := jsonBody(ctx)
	if err != nil {
		return err
	}
	return request.DecodeObject(body, v)
}

// decodeWithoutNulls is decode of an object in which fields may be left out but not be null; see
// [request.RefuseNulls].
func decodeWithoutNulls(ctx *fasthttp.RequestCtx, v any, instead map[string]string) error {
	body, err := jsonBody(ctx)
	if err != nil {
		return err
	}
	return readWithoutNulls(body, v, instead)
}

// decodeOptional is decodeWithoutNulls of a body that need not be there.
func decodeOptional(ctx *fasthttp.RequestCtx, v any, instead map[string]string) error {
	body, err := jsonBody(ctx)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	return readWithoutNulls(body, v, instead)
}

func readWithoutNulls(body []byte, v any, instead map[string]string) error {
	return cmp.Or(request.DecodeObject(body, v), request.RefuseNulls(body, instead))
}

// decodeIfAny is decode of a body that need not be there.
func decodeIfAny(ctx *fasthttp.RequestCtx, v any) error {
	body, err := jsonBody(ctx)
	if text := string(bytes.TrimSpace(body)); err != nil || text == "" || text == "null" {
		return err
	}
	return request.DecodeObject(body, v)
}

// noFields refuses whatever a body asks of a route that takes none: it would be ignored.
func noFields(ctx *fasthttp.RequestCtx) error { return decodeIfAny(ctx, &struct{}{}) }

// ifMatch reads the version that a change depends on; 0 if it depends on none.
func ifMatch(ctx *fasthttp.RequestCtx) (uint64, error) {
	raw := string(ctx.Request.Header.Peek(fasthttp.HeaderIfMatch))
	if raw == "" || raw == "*" {
		return 0, nil
	}
	v, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(raw, "W/"), `"`), 10, 64)
	if err != nil || v == 0 {
		return 0, badRequest(fmt.Sprintf(`If-Match is %.40q; send the heartbeat's version, like "3"`, raw))
	}
	return v, nil
}
