package api

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// maxReadKnown bounds the read of a body whose sender has a heartbeat. The ping API
// keeps the beginning of any body, and no client of it expects to be refused for the
// rest; but only who has something to ping may have this much memory for a while.
// What is longer still is a ping without a body.
const maxReadKnown = 16 << 20

// roomFor says how much of a request's body is read.
func (s *Server) roomFor(h *fasthttp.RequestHeader) (room fasthttp.RequestConfig) {
	const chunked = -1
	if n := h.ContentLength(); n <= maxRead && n != chunked {
		return room
	}
	path, _, _ := bytes.Cut(h.RequestURI(), []byte("?"))
	rest, ok := healthchecksPath(path)
	if !ok {
		return room
	}
	first, _ := cutPart(rest)
	if token, err := fsm.ParseToken(first); err == nil {
		_, ok = s.store.Ordinal(token)
	} else {
		_, ok = s.store.KeyByHash(hashKey(first))
	}
	if ok {
		room.MaxRequestBodySize = maxReadKnown
	}
	return room
}
