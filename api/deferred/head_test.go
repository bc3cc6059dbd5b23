package deferred

import (
	"bytes"
	"net"
	"strings"
	"testing"
)

// FuzzPlainHeads holds the short way for plain heads to the long one: what it passes is
// whole, and nothing would be written anew.
func FuzzPlainHeads(f *testing.F) {
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: \r\nA: b\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\nHost: x\n\nGET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\n\r\n\r\n", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: x\r\n\r\n\n\nbody:\r\n",
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !plain(b) {
			return
		}
		if whole(b) == 0 {
			t.Errorf("%q is not whole", b)
		}
		var h headReader
		if was := bytes.Clone(b); h.rewrite(b, len(b)) != len(b) || !bytes.Equal(b, was) {
			t.Errorf("%q is written anew: %q", was, b)
		}
	})
}

func TestWhatIsAPlainHead(t *testing.T) {
	if !plain([]byte("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")) {
		t.Error("a plain head takes the long way")
	}
}

// TestLongHeadsAreBounded has no slot for another long head: it is passed on as far as it
// was read, and fasthttp refuses it for its length.
func TestLongHeadsAreBounded(t *testing.T) {
	p := &Pool{longHeads: make(chan struct{}, 1), opts: Options{OwnCookie: func([]byte) []byte { return nil }}}
	head := "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", MaxHead) + "\r\n\r\n"
	read := func() int {
		var h headReader
		b := []byte(head[:MaxHead])
		client, server := net.Pipe()
		defer client.Close()
		defer server.Close()
		go func() { _, _ = client.Write([]byte(head[MaxHead:])) }()
		return h.readLong(b, server, p)
	}
	if n := read(); n >= MaxHead {
		t.Errorf("with a slot %d bytes are passed on", n)
	}
	p.longHeads <- struct{}{}
	if n := read(); n != MaxHead {
		t.Errorf("without a slot %d bytes are passed on, want %d", n, MaxHead)
	}
}
