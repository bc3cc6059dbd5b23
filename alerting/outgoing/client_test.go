package outgoing

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// loopback is a client that may ask this machine, within short times.
func loopback() *Client {
	c := New(Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	c.Proxy = nil
	return c
}

func soon() time.Time { return time.Now().Add(time.Minute) }

func ask(t *testing.T, c *Client, raw string, r Request) (Answer, error) {
	t.Helper()
	u, err := ParseURL(raw)
	testkit.Must(t, err)
	conn, err := c.Open(t.Context(), u)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	return conn.Do(t.Context(), soon(), r)
}

func TestARequestAndItsAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("X-Key"), body)
	}))
	defer srv.Close()
	a, err := ask(t, loopback(), srv.URL+"/a?b=c", Request{Method: "POST", Header: map[string]string{"X-Key": "k"}, Body: []byte("hello")})
	testkit.Must(t, err)
	if a.Status != 201 || string(a.Body) != "POST /a?b=c k hello" || a.RetryAfter(time.Now()) != 7*time.Second {
		t.Errorf("%+v %q", a, a.Body)
	}
}

func TestThisMachineIsNotAskedWithoutLeave(t *testing.T) {
	var asked atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer srv.Close()
	c := New(Policy{})
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "0.0.0.0", "[::]"} {
		_, err := ask(t, c, "http://"+host+port+"/", Request{Method: "POST"})
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if asked.Load() {
		t.Error("a request arrived")
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var followed atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/to" {
			followed.Store(true)
		}
		http.Redirect(w, r, "/to", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	a, err := ask(t, loopback(), srv.URL+"/from", Request{Method: "POST", Body: []byte("x")})
	if err != nil || a.Status != 307 || followed.Load() {
		t.Errorf("%v, %v, followed: %t", a.Status, err, followed.Load())
	}
}

// TestWhatAnswersMean plays odd servers by hand.
func TestWhatAnswersMean(t *testing.T) {
	for name, x := range map[string]struct {
		answer string
		status int // 0: in doubt
		body   string
	}{
		"nothing":              {"", 0, ""},
		"half a status line":   {"HTTP/1.1 20", 0, ""},
		"half a head":          {"HTTP/1.1 200 OK\r\nContent-Le", 0, ""},
		"no HTTP":              {"220 smtp.example ESMTP\r\n", 0, ""},
		"only informational":   {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9), 0, ""},
		"a head without end":   {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 200), 0, ""},
		"informational first":  {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"no length":            {"HTTP/1.0 202 Accepted\r\n\r\nfine", 202, "fine"},
		"a body cut off":       {"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhal", 200, "hal"},
		"a chunk cut off":      {"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhal", 500, "hal"},
		"upgrade, as it may":   {"HTTP/1.1 101 Switching\r\n\r\n", 101, ""},
		"a body without bound": {"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("z", 1<<20), 200, strings.Repeat("z", maxBody)},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := ask(t, loopback(), "http://"+playOnce(t, x.answer)+"/", Request{Method: "POST", Body: []byte("x")})
			switch {
			case x.status == 0 && !errors.Is(err, ErrNoAnswer):
				t.Errorf("%+v, %v", a, err)
			case x.status != 0 && (err != nil || a.Status != x.status || string(a.Body) != x.body):
				t.Errorf("%d %.40q (%d), %v", a.Status, a.Body, len(a.Body), err)
			}
		})
	}
}

// playOnce reads a request and answers it with some bytes.
func playOnce(t *testing.T, answer string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		_, _ = io.WriteString(conn, answer)
	}()
	return ln.Addr().String()
}

// TestAServerThatAnswersBeforeItHasReadAll closes the connection under a large request.
func TestAServerThatAnswersBeforeItHasReadAll(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = io.ReadFull(conn, make([]byte, 100))
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n")
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
	}()
	a, err := ask(t, loopback(), "http://"+ln.Addr().String()+"/", Request{Method: "POST", Body: make([]byte, 8<<20)})
	if err != nil || a.Status != 413 {
		t.Errorf("%+v, %v", a.Status, err)
	}
}

func TestAServerThatHangs(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	testkit.Must(t, err)
	defer ln.Close()
	c := loopback()
	c.Limits = Limits{Connect: 200 * time.Millisecond, Answer: 200 * time.Millisecond}
	if _, err := ask(t, c, "http://"+ln.Addr().String()+"/", Request{Method: "POST"}); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("after the request: %v", err)
	}
	_, err = ask(t, c, "https://"+ln.Addr().String()+"/", Request{Method: "POST"})
	if err == nil || errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "within 200ms") {
		t.Errorf("before it: %v", err)
	}
}

func TestARequestThatIsTooLateIsNotBegun(t *testing.T) {
	var asked atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	conn, err := loopback().Open(t.Context(), must(url.Parse(srv.URL)))
	testkit.Must(t, err)
	if _, err := conn.Do(t.Context(), time.Now(), Request{Method: "POST"}); !errors.Is(err, ErrLate) {
		t.Error(err)
	}
	conn.Close()
	srv.Close()
	if asked.Load() {
		t.Error("the request arrived")
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ErrorLog = nil
	defer srv.Close()
	if _, err := ask(t, loopback(), srv.URL, Request{Method: "POST"}); err == nil || errors.Is(err, ErrNoAnswer) {
		t.Errorf("an unknown certificate: %v", err)
	}
	c := loopback()
	c.Roots = x509.NewCertPool()
	c.Roots.AddCert(srv.Certificate())
	if a, err := ask(t, c, srv.URL, Request{Method: "POST"}); err != nil || a.Status != 200 {
		t.Errorf("a known one: %v, %v", a.Status, err)
	}
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	c.resolver = serveDNS(t, [4]byte{127, 0, 0, 1})
	if _, err := ask(t, c, "https://other.example:"+port, Request{Method: "POST"}); !errors.As(err, new(x509.HostnameError)) {
		t.Errorf("a certificate for another name: %v", err)
	}
}

// TestWhatCannotBeReachedIsToldInPlainWords: channels, tests of channels and --outbound-url
// show these errors to people, who may not see the addresses of the nodes' network.
func TestWhatCannotBeReachedIsToldInPlainWords(t *testing.T) {
	closed := nobodyListens(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer secure.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	_, port, _ := net.SplitHostPort(secure.Listener.Addr().String())
	for name, x := range map[string]struct {
		url, proxy string
		want       string
	}{
		"a name that is not there":    {"https://no-such-name.invalid/secret", "", "no-such-name.invalid could not be connected to: the name no-such-name.invalid is not known"},
		"a port that nobody has":      {"http://" + closed + "/secret", "", closed + " could not be connected to: nothing listens there (connection refused)"},
		"another's certificate":       {"https://other.example:" + port + "/secret", "", "other.example:" + port + " could not be connected to: its certificate is for another name, not for other.example"},
		"a port without TLS":          {"https://" + playOnce(t, "220 mail.example.com ESMTP\r\n") + "/secret", "", "could not be connected to: it "},
		"a proxy that is not there":   {"https://hooks.example.com/secret", "http://me:pw@" + closed, "hooks.example.com could not be connected to: the proxy " + closed + ": nothing listens there (connection refused)"},
		"a proxy's name is not there": {"http://hooks.example.com/secret", "http://me:pw@no-such-proxy.invalid:3128", "hooks.example.com could not be connected to: the proxy no-such-proxy.invalid:3128: the name no-such-proxy.invalid is not known"},
		"a proxy that refuses":        {"https://hooks.example.com/secret", "http://me:pw@" + playOnce(t, "HTTP/1.1 502 Bad Gateway\r\n\r\n"), ": it answered 502 to CONNECT"},
		"a proxy that is no proxy":    {"https://hooks.example.com/secret", "http://me:pw@" + playOnce(t, ""), ": it closed the connection"},
		"no answer":                   {"http://" + playOnce(t, "") + "/secret", "", "the request was begun and no answer came: it closed the connection"},
		"another protocol's answer":   {"http://" + playOnce(t, "220 mail.example.com ESMTP\r\n") + "/secret", "", "no answer came: its answer is no HTTP"},
		"a head without end":          {"http://" + playOnce(t, "HTTP/1.1 200 OK\r\n"+strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 200)) + "/secret", "", "the head of its answer is over 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			c := loopback()
			c.Roots = trusted
			c.resolver = serveDNS(t, [4]byte{127, 0, 0, 1})
			if x.proxy != "" {
				c.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse(x.proxy) }
			}
			_, err := ask(t, c, x.url, Request{Method: "POST"})
			if err == nil || !strings.Contains(err.Error(), x.want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "pw") {
				t.Errorf("%v, want %q", err, x.want)
			}
			if found := goSpeak.FindString(fmt.Sprint(err)); found != "" {
				t.Errorf("%v says %q", err, found)
			}
		})
	}
}

// goSpeak are words of Go's libraries.
var goSpeak = regexp.MustCompile(`dial |lookup |read tcp|connect:|x509|tls:|EOF|i/o timeout|context|no such host`)

// nobodyListens returns an address where nobody does.
func nobodyListens(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

// TestByWayOfAProxy sends through a proxy what it must not be able to read, and what may not be
// asked not even by way of one.
func TestByWayOfAProxy(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secure") }))
	defer secure.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "plain "+r.Header.Get("Proxy-Authorization"))
	}))
	defer plain.Close()
	var seen []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization"))
		if r.Method != http.MethodConnect {
			httptest.NewRecorder()
			res, err := http.Get(r.RequestURI)
			if err == nil {
				defer res.Body.Close()
				_, _ = io.Copy(w, res.Body)
			}
			return
		}
		to, err := net.Dial("tcp", r.RequestURI)
		if err != nil {
			w.WriteHeader(502)
			return
		}
		conn, _, _ := w.(http.Hijacker).Hijack()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(to, conn); to.Close() }()
		_, _ = io.Copy(conn, to)
		conn.Close()
	}))
	defer proxy.Close()
	c := loopback()
	c.Roots = x509.NewCertPool()
	c.Roots.AddCert(secure.Certificate())
	at := must(url.Parse(strings.Replace(proxy.URL, "http://", "http://me:pw@", 1)))
	c.Proxy = func(*url.URL) (*url.URL, error) { return at, nil }
	if a, err := ask(t, c, secure.URL+"/s", Request{Method: "POST"}); err != nil || string(a.Body) != "secure" {
		t.Errorf("https: %q, %v", a.Body, err)
	}
	if a, err := ask(t, c, plain.URL+"/p", Request{Method: "GET"}); err != nil || string(a.Body) != "plain " {
		t.Errorf("http: %q, %v", a.Body, err)
	}
	for _, host := range []string{"169.254.169.254", "metadata.google.internal", "[fe80::1]", "0xa9fea9fe"} {
		if _, err := ask(t, c, "http://"+host+"/", Request{Method: "GET"}); err == nil {
			t.Errorf("%s was asked by way of the proxy", host)
		}
	}
	want := []string{
		"CONNECT " + secure.Listener.Addr().String() + " Basic bWU6cHc=",
		"GET " + plain.URL + "/p Basic bWU6cHc=",
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("the proxy saw %q, want %q", seen, want)
	}
	at = must(url.Parse("socks5://127.0.0.1:1"))
	if _, err := ask(t, c, plain.URL, Request{Method: "GET"}); err == nil || !strings.Contains(err.Error(), "use http or https") {
		t.Error(err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "30": 30 * time.Second, "0.5": 500 * time.Millisecond, "99999999999999999999": time.Hour, "1e99": time.Hour, "NaN": 0, "soon": 0,
		"Fri, 01 May 2026 12:00:09 GMT": 9 * time.Second, "Fri, 01 May 2026 11:00:00 GMT": 0, "Sat, 01 May 2027 12:00:00 GMT": time.Hour,
	} {
		a := Answer{Header: http.Header{"Retry-After": {text}}}
		if got := a.RetryAfter(now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
