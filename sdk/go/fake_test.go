package heartbeat

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const token = "0b5cbd4c-0ad9-4f4d-9d2e-6a7e3f1c2a10"

// fakeNodes stands for a cluster, without a network: each host answers by its own
// function. It notes who was asked.
type fakeNodes struct {
	t     *testing.T
	hosts map[string]http.HandlerFunc

	mu    sync.Mutex
	asked []sent
}

// sent is a request that a node got, or would have got.
type sent struct {
	at           time.Time
	host, method string
	target       string // path and query
	key, auth    string
	contentType  string
	body         string
}

func newFakeNodes(t *testing.T) *fakeNodes {
	return &fakeNodes{t: t, hosts: map[string]http.HandlerFunc{}}
}

// client has the nodes a, b, … in this order.
func (f *fakeNodes) client(hosts string, opts ...Option) *Client {
	var urls []string
	for h := range strings.SplitSeq(hosts, " ") {
		urls = append(urls, "http://"+h)
	}
	opts = append([]Option{WithBaseURL(urls...), WithHTTPClient(&http.Client{Transport: f})}, opts...)
	return New("a-key", opts...)
}

func (f *fakeNodes) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		f.t.Error(err)
	}
	f.note(sent{
		time.Now(), req.URL.Host, req.Method, req.URL.RequestURI(),
		req.Header.Get("Idempotency-Key"), req.Header.Get("Authorization"), req.Header.Get("Content-Type"), string(body),
	})
	serve := f.hosts[req.URL.Host]
	if serve == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	w := &recorder{header: http.Header{}, status: 200}
	serve(w, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if w.err != nil {
		return nil, w.err
	}
	return &http.Response{
		StatusCode: w.status, Header: w.header, Request: req,
		Body: io.NopCloser(strings.NewReader(w.body.String())),
	}, nil
}

func (f *fakeNodes) note(s sent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, s)
}

// trace tells who was asked since the last call, as "a b".
func (f *fakeNodes) trace() string {
	var hosts []string
	for _, s := range f.take() {
		hosts = append(hosts, s.host)
	}
	return strings.Join(hosts, " ")
}

func (f *fakeNodes) take() []sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.Clone(f.asked)
	f.asked = nil
	return all
}

// recorder is a ResponseWriter that can also lose the connection.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
	err    error
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// answers of nodes.
func taken(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"ok"}`) }
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
func breaks(w http.ResponseWriter, _ *http.Request) {
	w.(*recorder).err = errors.New("connection reset by peer")
}

func refuses(status int, code string, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		if code == "" {
			_, _ = io.WriteString(w, "<html>sorry</html>")
			return
		}
		_, _ = io.WriteString(w, `{"error":"words for a person","code":"`+code+`"}`)
	}
}

// inTurn answers each request by the next of some functions, and stays at the last.
func inTurn(serve ...http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		next := serve[0]
		if len(serve) > 1 {
			serve = serve[1:]
		}
		next(w, r)
	}
}

// within fails unless d is from lo to hi.
func within(t *testing.T, what string, d, lo, hi time.Duration) {
	t.Helper()
	if d < lo || d > hi {
		t.Errorf("%s took %s, want %s to %s", what, d, lo, hi)
	}
}
