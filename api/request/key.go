package request

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

var bearer = []byte("Bearer ")

// Key returns the key that a request shows.
func Key(h *fasthttp.RequestHeader) (key []byte, ok bool) {
	header := h.Peek(fasthttp.HeaderAuthorization)
	if len(header) <= len(bearer) || !bytes.EqualFold(header[:len(bearer)], bearer) {
		return nil, false
	}
	return bytes.TrimSpace(header[len(bearer):]), true
}
