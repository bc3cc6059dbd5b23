package deferred

import (
	"bytes"
	"fmt"
	"net"
)

// Clients write heads of requests that are legal, or that other servers take, and that
// fasthttp does not: with bare line feeds, with an empty Host, and longer than its buffer.
// Such a head is read whole and written anew before fasthttp sees it. All others pass as
// they are.

const (
	// MaxHead is the size of fasthttp's buffer for the head of a request, in bytes.
	MaxHead = 8 << 10

	// LongestHead is how long a head may be on the wire: what nginx takes, and a line more.
	LongestHead = 33 << 10

	longHeads = 512 // that are being read at the same time, 16 MiB
)

var (
	lineEnd   = []byte("\r\n")
	emptyLine = []byte("\n\n")
	emptyHost = [][]byte{[]byte(":\r\n"), []byte(": \r\n")}
)

// headReader reads for a connection.
type headReader struct {
	due  bool   // the next read begins a request, if nothing is buffered
	rest []byte // what was read behind a head that was written anew
	err  error  // what ended a read, told after what came before
}

// read fills b like from.Read.
func (h *headReader) read(b []byte, from net.Conn, below *Conn) (int, error) {
	switch {
	case len(h.rest) > 0:
		n := copy(b, h.rest)
		if h.rest = h.rest[n:]; len(h.rest) == 0 {
			h.rest = nil
		}
		return n, nil
	case h.err != nil:
		err := h.err
		h.err = nil
		return 0, err
	}
	n, err := h.first(b, from, below)
	if !h.due || n == 0 || err != nil || len(b) != MaxHead { // a shorter b: fasthttp has a beginning already
		return n, err
	}
	h.due = false
	if plain(b[:n]) {
		return n, nil
	}
	if whole(b[:n]) == 0 && b[0] >= 'A' && b[0] <= 'Z' {
		n = h.wait(b, n, from, below)
	}
	return h.rewrite(b, n), nil
}

// first reads what may be the beginning of a request.
func (h *headReader) first(b []byte, from net.Conn, below *Conn) (int, error) {
	if h.due && len(b) == MaxHead && from == net.Conn(&below.replyConn) && below.takesDirect() {
		return below.readRequest(b)
	}
	return from.Read(b)
}

// wait reads on until the head in b is whole, b is full, or nothing more comes.
func (h *headReader) wait(b []byte, n int, from net.Conn, below *Conn) int {
	if below.between { // no more
		below.between, below.begun = false, false
	}
	for n < len(b) && h.err == nil && whole(b[:n]) == 0 {
		var m int
		m, h.err = from.Read(b[n:])
		n += m
	}
	if n == len(b) && h.err == nil && whole(b[:n]) == 0 {
		return h.readLong(b, from, below.pool)
	}
	return n
}

// readLong reads a head that b is too short for, if there is a place for it, and leaves out the
// lines that nobody reads.
func (h *headReader) readLong(b []byte, from net.Conn, p *Pool) int {
	select {
	case p.longHeads <- struct{}{}:
		defer func() { <-p.longHeads }()
	default:
		return len(b) // which is refused for its length
	}
	all := append(make([]byte, 0, LongestHead), b...)
	for whole(all) == 0 && len(all) < cap(all) && h.err == nil {
		var m int
		m, h.err = from.Read(all[len(all):cap(all)])
		all = all[:len(all)+m]
	}
	end := whole(all)
	if end == 0 {
		return len(b)
	}
	head := shorten(all[:end], p.opts.OwnCookie)
	if len(head) > len(b) {
		return len(b)
	}
	h.rest = bytes.Clone(all[end:])
	return copy(b, head)
}

// rewrite puts right what fasthttp would refuse in the head that the n bytes of b begin
// with, and returns how many there are then.
func (h *headReader) rewrite(b []byte, n int) int {
	end := whole(b[:n])
	if end == 0 {
		return n
	}
	head, changed := b[:end], false
	if bytes.HasSuffix(head, emptyLine) {
		head, changed = bytes.ReplaceAll(head, []byte("\n"), lineEnd), true
	}
	for _, mark := range emptyHost {
		if at := bytes.Index(head, mark); at >= 0 {
			head, changed = namedHost(head), true
		}
	}
	if !changed || len(head) > len(b) {
		return n
	}
	behind := bytes.Clone(b[end:n])
	at := copy(b, head)
	m := copy(b[at:], behind)
	if left := behind[m:]; len(left) > 0 {
		h.rest = append(left, h.rest...)
	}
	return at + m
}

// plain reports whether b begins with a whole head that fasthttp takes as it is, as nearly
// all are: each line ends with CR LF, and none with an empty value.
func plain(b []byte) bool {
	for first := true; ; first = false {
		end := bytes.IndexByte(b, '\n')
		switch {
		case end < 1 || b[end-1] != '\r':
			return false
		case end == 1:
			return !first
		case b[end-2] == ':' || b[end-2] == ' ':
			return false
		}
		b = b[end+1:]
	}
}

// whole returns the length of the head that b begins with; 0: it has not ended. A head ends
// with an empty line; one whose lines end with bare line feeds has no carriage return.
func whole(b []byte) int {
	if i := bytes.Index(b, headersEnd); i >= 0 {
		return i + len(headersEnd)
	}
	if i := bytes.Index(b, emptyLine); i >= 0 && bytes.IndexByte(b[:i], '\r') < 0 {
		return i + len(emptyLine)
	}
	return 0
}

// namedHost names a host that no host has, where a head has an empty one.
func namedHost(head []byte) []byte {
	var out []byte
	for line := range bytes.SplitAfterSeq(head, lineEnd) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && bytes.EqualFold(name, []byte("host")) && len(bytes.TrimSpace(value)) == 0 {
			line = []byte("Host: -\r\n")
		}
		out = append(out, line...)
	}
	return out
}

// readHeaders are the names of the headers that anybody here reads, in small letters.
var readHeaders = map[string]bool{
	"host": true, "content-length": true, "transfer-encoding": true, "connection": true, "expect": true, "trailer": true, "upgrade": true,
	"authorization": true, "content-type": true, "accept-encoding": true, "if-match": true, "idempotency-key": true,
	"accept": true, "x-forwarded-for": true, "x-forwarded-proto": true, "forwarded": true,
}

// shorten leaves out the lines of a head that nobody reads, and the cookies of others. What
// is not plainly a line of another name stays, for fasthttp to judge.
func shorten(head []byte, ownCookie func([]byte) []byte) []byte {
	var out []byte
	first, keeps := true, true
	for line := range bytes.SplitAfterSeq(head, []byte("\n")) {
		folded := len(line) > 0 && (line[0] == ' ' || line[0] == '\t') // it belongs to the one before
		if name, value, ok := bytes.Cut(line, []byte(":")); !folded {
			keeps = first || !ok || !isHeaderName(name) || readHeaders[string(bytes.ToLower(name))]
			if bytes.EqualFold(name, []byte("cookie")) {
				if own := ownCookie(value); own != nil {
					out = fmt.Appendf(out, "Cookie: %s\r\n", own)
				}
			}
		}
		if first = false; keeps {
			out = append(out, line...)
		}
	}
	return out
}

// isHeaderName reports whether a name has only characters that names of headers commonly
// have.
func isHeaderName(name []byte) bool {
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return len(bytes.Trim(name, ".-")) > 0
}
