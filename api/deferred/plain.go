package deferred

import "bytes"

var (
	zero      = []byte("0")
	keepAlive = []byte("keep-alive")
)

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
