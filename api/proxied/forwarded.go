package proxied

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"
)

// headerForwarded is RFC 7239's.
const headerForwarded = "Forwarded"

// hops reads the addresses that a request's headers name, the nearest first.
//
// Everything is read from the right: what a proxy appended cannot be spoilt by what came
// before it.
type hops struct {
	lines [][]byte
	line  []byte // what is left of the last one
	rfc   bool   // they are of RFC 7239
}

// hopsOf reads X-Forwarded-For if there is one, for nearly all proxies write that, and
// pass on whatever Forwarded a client made up.
func hopsOf(h *fasthttp.RequestHeader) hops {
	if lines := h.PeekAll(fasthttp.HeaderXForwardedFor); len(lines) > 0 {
		return hops{lines: lines}
	}
	return hops{lines: h.PeekAll(headerForwarded), rfc: true}
}

// next returns the next hop, false after the last one. It is not valid for a hop that
// tells no address.
func (r *hops) next() (hop netip.Addr, more bool) {
	element := r.element()
	switch {
	case element == nil:
		return hop, false
	case r.rfc:
		return readElement(string(element)), true
	}
	return readNode(string(element)), true
}

// element returns the next element, nil after the last one. An empty one means nothing.
func (r *hops) element() (element []byte) {
	for len(element) == 0 {
		if len(r.line) == 0 {
			if len(r.lines) == 0 {
				return nil
			}
			last := len(r.lines) - 1
			r.lines, r.line = r.lines[:last], r.lines[last]
		}
		r.line, element = cutLast(r.line, ',')
		element = bytes.Trim(element, " \t")
	}
	return element
}

// cutLast cuts a list at its last separator that is not in quotes.
func cutLast(list []byte, sep byte) (rest, last []byte) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch c := list[i]; {
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return nil, list
}

// readElement reads for= of an element of Forwarded.
func readElement(element string) (node netip.Addr) {
	for rest := []byte(element); len(rest) > 0; {
		var pair []byte
		rest, pair = cutLast(rest, ';')
		name, value, _ := strings.Cut(strings.Trim(string(pair), " \t"), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		if node.IsValid() {
			return netip.Addr{} // twice
		}
		if node = readNode(unquote(value)); !node.IsValid() {
			return node
		}
	}
	return node
}

// unquote takes the quotes off a value. One with a backslash is no address anyway.
func unquote(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}
