package api

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
)

// rawPath is the path of a request as it came. fasthttp's own is decoded and cleaned:
// whoever stands in front, and lets some paths through, has not seen that one. What
// is not exactly a route's path is no route's.
func rawPath(h *fasthttp.RequestHeader) []byte {
	path := h.RequestURI()
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		path = path[:i]
	}
	if len(path) > 0 && path[0] == '/' {
		return path
	}
	return afterHost(path)
}

// afterHost returns the path of a whole URL, which proxies may send.
func afterHost(target []byte) []byte {
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && strings.EqualFold(string(target[:len(scheme)]), scheme) {
			host := target[len(scheme):]
			if i := bytes.IndexByte(host, '/'); i > 0 {
				return host[i:]
			}
		}
	}
	return nil
}

// decodePart decodes what stands for a {…}. A part that would be several parts, or
// none, is not found.
func decodePart(part string) (string, bool) {
	text, err := url.PathUnescape(part)
	return text, err == nil && text != "" && text != "." && text != ".." && !strings.Contains(text, "/")
}
