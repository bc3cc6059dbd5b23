package deferred

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/valyala/fasthttp"
)

// curlHead is what curl sends.
const curlHead = "POST /v1/heartbeats/5b4d5b1c-9f0e-4d52-a2ea-c0ffee000001/ping HTTP/1.1\r\nHost: quorumbeat:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"

func TestPlainRequests(t *testing.T) {
	for _, c := range []struct {
		in         string
		want       bool
		post, head bool
		path       string
	}{
		{curlHead, true, true, false, "/v1/heartbeats/5b4d5b1c-9f0e-4d52-a2ea-c0ffee000001/ping"},
		{"GET /ping/x HTTP/1.1\r\nHost: a\r\n\r\n", true, false, false, "/ping/x"},
		{"HEAD /p HTTP/1.1\r\nhost: 10.0.0.1:80\r\n\r\n", true, false, true, "/p"},
		{"POST /p HTTP/1.1\r\nHOST: a\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", true, true, false, "/p"},
	} {
		r, ok := new(plainReader).read([]byte(c.in))
		if ok != c.want || r.Post != c.post || r.Head != c.head || string(r.Path) != c.path {
			t.Errorf("%q: %+v (path %q), %v", c.in, r, r.Path, ok)
		}
	}
	var p plainReader
	for _, in := range []string{
		"",
		"POST",
		"PUT /p HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /p HTTP/1.0\r\nHost: a\r\n\r\n",
		"POST http://a/p HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /p HTTP/1.1\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: \r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a:\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a/b\r\n\r\n",
		"POST /p HTTP/1.1\nHost: a\n\n",
		"POST /p HTTP/1.1\r\nHost: a\r\n\r\nPOST",
		"POST /p HTTP/1.1\r\nHost: a\r\nAccept: */*",
		"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
		"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nIdempotency-Key: x\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nAccept: a\x7f\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nAccept: a\r\n b\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nAccept : a\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nUser\rAgent: a\r\n\r\n",
		"POST /p HTTP/1.1\r\nHost: a\r\nAccept:\r\n\r\n",
	} {
		if _, ok := p.read([]byte(in)); ok {
			t.Errorf("%q is taken for plain", in)
		}
	}
}

// FuzzPlainRequests holds what is read here to fasthttp: it sees the same request, and
// nothing in it that could matter.
func FuzzPlainRequests(f *testing.F) {
	f.Add([]byte(curlHead))
	f.Add([]byte("GET /ping/x HTTP/1.1\r\nHost: a.b-c:1\r\nContent-Length: 0\r\nConnection: keep-alive\r\nCache-Control: no-cache\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p plainReader
		r, ok := p.read(b)
		if again, still := p.read(b); still != ok || !bytes.Equal(again.Path, r.Path) {
			t.Errorf("%q is read otherwise the second time", b)
		}
		if !ok || !known(r.Path) {
			return
		}
		if !plain(b) {
			t.Errorf("%q is no plain head", b)
		}
		var req fasthttp.Request
		in := bufio.NewReader(bytes.NewReader(b))
		if err := req.Read(in); err != nil {
			t.Fatalf("fasthttp refuses %q: %v", b, err)
		}
		h := &req.Header
		switch {
		case h.IsPost() != r.Post, h.IsHead() != r.Head, !r.Post && !r.Head && !h.IsGet():
			t.Errorf("%q has the method %s", b, h.Method())
		case !bytes.Equal(h.RequestURI(), r.Path), !bytes.Equal(req.URI().PathOriginal(), r.Path), len(req.URI().QueryString()) > 0:
			t.Errorf("%q has the path %q", b, h.RequestURI())
		case !h.IsHTTP11(), h.ConnectionClose(), h.ContentLength() > 0, h.ContentLength() == -1, len(req.Body()) > 0, req.MayContinue():
			t.Errorf("%q says more:\n%s", b, h)
		}
		if _, err := in.ReadByte(); err != io.EOF {
			t.Errorf("%q is followed by something", b)
		}
	})
}

// known stands for who takes plain requests, who knows every byte of a target.
func known(target []byte) bool {
	for _, c := range target {
		if !isLetterOrDigit(c) && c != '-' && c != '/' && c != '_' {
			return false
		}
	}
	return true
}

func BenchmarkReadPlain(b *testing.B) {
	var p plainReader
	head := []byte(curlHead)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.read(head); !ok {
			b.Fatal("not plain")
		}
	}
}
