package request

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
)

// Path is the path of a request as it came. fasthttp's own is decoded and cleaned:
// whoever stands in front, and lets some paths through, has not seen that one. What
// is not exactly a route's path is no route's.
func Path(h *fasthttp.RequestHeader) []byte {
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

// DecodePart decodes what stands for a {…}. A part that would be several parts, or
// none, is not found.
func DecodePart(part string) (string, bool) {
	text, err := url.PathUnescape(part)
	return text, err == nil && text != "" && text != "." && text != ".." && !strings.Contains(text, "/")
}

// DecodeIfEscaped decodes a part of a path in which a client escaped more than it had to, such as
// %2D for a hyphen.
func DecodeIfEscaped(part []byte) ([]byte, bool) {
	if bytes.IndexByte(part, '%') < 0 {
		return part, true
	}
	text, ok := DecodePart(string(part))
	return []byte(text), ok
}

// Match compares a path with a pattern and returns what stands for its {…}.
func Match(pattern, path string) (args []string, ok bool) {
	for pattern != "" && path != "" {
		var want, have string
		want, pattern = cut(pattern)
		have, path = cut(path)
		switch {
		case strings.HasPrefix(want, "{"):
			arg, ok := DecodePart(have)
			if !ok {
				return nil, false
			}
			args = append(args, arg)
		case want != have:
			return nil, false
		}
	}
	return args, pattern == "" && path == ""
}

// cut takes the first part of a path that begins with a slash.
func cut(path string) (part, rest string) {
	path = path[1:]
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}
