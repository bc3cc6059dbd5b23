package load

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// answer is what a ping is told.
type answer struct {
	status     int
	retryAfter bool // it says when to come again
	closes     bool // the connection ends with it
}

var (
	errNotHTTP = errors.New("the answer is not HTTP/1.1")
	errLength  = errors.New("the length of the answer cannot be read")
)

// readAnswer reads one answer to its end.
func readAnswer(r *bufio.Reader) (answer, error) {
	for {
		a, length, err := readHead(r)
		if err != nil || a.status >= 200 {
			if err == nil {
				err = skipBody(r, a.status, length, &a)
			}
			return a, err
		}
		// 1xx comes before the answer
	}
}

// Lengths that are no number of bytes.
const (
	untilClose = -1
	inChunks   = -2
)

func readHead(r *bufio.Reader) (a answer, length int64, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return a, 0, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' {
		return a, 0, errNotHTTP
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil || a.status < 100 || a.status > 599 {
		return a, 0, errNotHTTP
	}
	a.closes = line[7] == '0'
	length = untilClose
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return a, 0, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			return a, length, nil
		}
		if err := a.readHeader(line, &length); err != nil {
			return a, 0, err
		}
	}
}

// readHeader reads one line, if it is one of those that matter.
func (a *answer) readHeader(line []byte, length *int64) error {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return errNotHTTP
	}
	name, value := line[:colon], bytes.TrimSpace(line[colon+1:])
	switch len(name) { // most lines are none of them
	case len("Connection"):
		if bytes.EqualFold(name, []byte("Connection")) {
			a.closes = bytes.EqualFold(value, []byte("close"))
		}
	case len("Retry-After"):
		a.retryAfter = a.retryAfter || bytes.EqualFold(name, []byte("Retry-After"))
	case len("Content-Length"):
		if bytes.EqualFold(name, []byte("Content-Length")) && *length != inChunks {
			n, err := strconv.ParseUint(string(value), 10, 62)
			if err != nil {
				return errLength
			}
			*length = int64(n)
		}
	case len("Transfer-Encoding"):
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			*length = inChunks
		}
	}
	return nil
}

func skipBody(r *bufio.Reader, status int, length int64, a *answer) error {
	if status == 204 || status == 304 {
		return nil
	}
	switch length {
	case untilClose:
		a.closes = true
		_, err := io.Copy(io.Discard, r)
		return err
	case inChunks:
		return skipChunks(r)
	}
	return skipBytes(r, length)
}

// skipBytes reads over n bytes.
func skipBytes(r *bufio.Reader, n int64) error {
	if n <= int64(r.Size()) {
		_, err := r.Discard(int(n))
		return err
	}
	_, err := io.CopyN(io.Discard, r, n)
	return err
}

func skipChunks(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
		if err != nil {
			return errLength
		}
		if n == 0 {
			break
		}
		if err := skipBytes(r, int64(n)+2); err != nil { // and the line's end
			return err
		}
	}
	for { // trailers, and an empty line
		line, err := r.ReadSlice('\n')
		if err != nil || len(bytes.TrimRight(line, "\r\n")) == 0 {
			return err
		}
	}
}
