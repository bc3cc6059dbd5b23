package load

import (
	"bufio"
	"strings"
	"testing"
)

func TestAnswersAreReadToTheirEnd(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct {
		text string
		want answer
	}{
		"with a length":      {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nok", answer{status: 200}},
		"longer than buffer": {"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + long, answer{status: 200}},
		"refused":            {"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", answer{status: 503, retryAfter: true}},
		"closing":            {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", answer{status: 200, closes: true}},
		"without a body":     {"HTTP/1.1 204 No Content\r\n\r\n", answer{status: 204}},
		"in chunks":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n", answer{status: 200}},
		"after a 1xx":        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", answer{status: 404}},
		"without a reason":   {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", answer{status: 200}},
		"with bare newlines": {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", answer{status: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			r := bufio.NewReaderSize(strings.NewReader(c.text+"next"), lineMax)
			got, err := readAnswer(r)
			if err != nil || got != c.want {
				t.Fatalf("got %+v %v, want %+v", got, err, c.want)
			}
			if rest, _ := r.Peek(4); string(rest) != "next" {
				t.Errorf("read beyond or short of the end: %q is next", rest)
			}
		})
	}
}

func TestAnAnswerWithoutALengthEndsWithItsConnection(t *testing.T) {
	for _, head := range []string{"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"} {
		r := bufio.NewReaderSize(strings.NewReader(head+"all of this"), lineMax)
		if a, err := readAnswer(r); err != nil || a.status != 200 || !a.closes {
			t.Errorf("%q: %+v %v", head, a, err)
		}
	}
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 999 Odd\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 3000) + "\r\n\r\n",
	} {
		if a, err := readAnswer(bufio.NewReaderSize(strings.NewReader(text), lineMax)); err == nil {
			t.Errorf("%.40q was taken for %+v", text, a)
		}
	}
}

func TestTargets(t *testing.T) {
	for url, want := range map[string]struct{ addr, request string }{
		"http://localhost:8080":       {"localhost:8080", "POST /v1/heartbeats/T/ping HTTP/1.1\r\nHost: localhost:8080\r\n"},
		"http://h/v1/":                {"h:80", "POST /v1/heartbeats/T/ping HTTP/1.1\r\nHost: h\r\n"},
		"https://example.com/monitor": {"example.com:443", "POST /monitor/v1/heartbeats/T/ping HTTP/1.1\r\nHost: example.com\r\n"},
		"http://[::1]:80":             {"[::1]:80", "POST /v1/heartbeats/T/ping HTTP/1.1\r\nHost: [::1]:80\r\n"},
	} {
		got, err := parseTarget(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if r := string(got.appendRequest(nil, "T")); got.addr != want.addr || r != want.request+"Content-Length: 0\r\n\r\n" {
			t.Errorf("%s: %s, %q", url, got.addr, r)
		}
	}
	for _, bad := range []string{"", "localhost:8080", "ftp://h", "http://", "http://h?x=1", "http://h/#x", "http://h:x"} {
		if _, err := parseTarget(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
