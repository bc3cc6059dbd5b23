package deferred

import (
	"bytes"
	"sync/atomic"
)

// Request is a plain request: a head that says nothing but a method and a target, and no
// body. Its memory is used again.
type Request struct {
	Path []byte // the target, as it was sent: who takes the request knows every byte of it
	Post bool
	Head bool
}

var (
	getLine   = []byte("GET /")
	postLine  = []byte("POST /")
	headLine  = []byte("HEAD /")
	firstEnd  = []byte(" HTTP/1.1\r\n")
	zero      = []byte("0")
	keepAlive = []byte("keep-alive")
)

// plainReader reads plain requests.
type plainReader struct {
	known  atomic.Pointer[[]byte] // lines that are plain; nil: none yet
	misses atomic.Uint32          // since known
}

// rememberEvery is after how many others lines are remembered that are plain.
const rememberEvery = 64

// read reads b if it is one plain request and nothing else. What it takes is a small part of
// HTTP/1.1, on which nobody can be of two minds: everything else is for fasthttp to judge.
func (p *plainReader) read(b []byte) (r Request, ok bool) {
	switch {
	case bytes.HasPrefix(b, postLine):
		r.Post, b = true, b[len(postLine)-1:]
	case bytes.HasPrefix(b, getLine):
		b = b[len(getLine)-1:]
	case bytes.HasPrefix(b, headLine):
		r.Head, b = true, b[len(headLine)-1:]
	default:
		return r, false
	}
	n := bytes.IndexByte(b, ' ')
	if n < 0 || !bytes.HasPrefix(b[n:], firstEnd) {
		return r, false
	}
	r.Path = b[:n]
	return r, p.lines(b[n+len(firstEnd):])
}

// lines is plainLines, which it asks but for lines that it knows: clients of one kind all
// send the same.
func (p *plainReader) lines(b []byte) bool {
	if known := p.known.Load(); known != nil && bytes.Equal(*known, b) {
		return true
	}
	if !plainLines(b) {
		return false
	}
	if p.misses.Add(1)%rememberEvery == 1 {
		lines := bytes.Clone(b)
		p.known.Store(&lines)
	}
	return true
}

// plainLines reports whether b is the rest of a head, to its end, whose lines say nothing.
// One of them is the host.
func plainLines(b []byte) bool {
	var seen plainSeen
	for {
		end := bytes.IndexByte(b, '\n')
		switch {
		case end < 1 || b[end-1] != '\r':
			return false
		case end == 1:
			return seen.host && len(b) == len(lineEnd)
		case !seen.line(b[:end-1]):
			return false
		}
		b = b[end+1:]
	}
}

// plainSeen is which lines of a head were seen that must not come twice.
type plainSeen struct{ host, length bool }

// line reports whether a line of a head says nothing.
func (s *plainSeen) line(b []byte) bool {
	at := bytes.IndexByte(b, ':')
	if at < 0 || at+2 >= len(b) || b[at+1] != ' ' || !plainValue(b[at+2:]) {
		return false
	}
	switch name, value := b[:at], b[at+2:]; {
	case isName(name, "host"):
		again := s.host
		s.host = true
		return !again && plainHost(value)
	case isName(name, "content-length"):
		again := s.length
		s.length = true
		return !again && bytes.Equal(value, zero)
	case isName(name, "connection"):
		return bytes.EqualFold(value, keepAlive)
	default:
		return isName(name, "user-agent") || isName(name, "accept") || isName(name, "accept-encoding") ||
			isName(name, "accept-language") || isName(name, "content-type") || isName(name, "cache-control")
	}
}

// isName reports whether a header's name is want, which is in small letters.
func isName(name []byte, want string) bool {
	if len(name) != len(want) {
		return false
	}
	for i, c := range name {
		if c != want[i] && (c < 'A' || c > 'Z' || c|0x20 != want[i]) {
			return false
		}
	}
	return true
}

// plainValue reports whether a value is printable ASCII that neither begins nor ends with a
// space.
func plainValue(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return b[0] != ' ' && b[len(b)-1] != ' '
}

// plainHost reports whether a host is a name or an IPv4 address, with or without a port.
func plainHost(b []byte) bool {
	name, port, found := bytes.Cut(b, []byte(":"))
	for _, c := range port {
		if c < '0' || c > '9' {
			return false
		}
	}
	for _, c := range name {
		if !isLetterOrDigit(c) && c != '-' && c != '.' {
			return false
		}
	}
	return len(name) > 0 && found == (len(port) > 0)
}

func isLetterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
