package burst

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestEachPingHasAConnectionOfItsOwn(t *testing.T) {
	var from sync.Map
	var pings, refused atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, again := from.LoadOrStore(r.RemoteAddr, true); again {
			t.Errorf("a second ping came from %s", r.RemoteAddr)
		}
		if pings.Add(1)%10 == 0 {
			refused.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	b := Burst{Pings: 100, During: 50 * time.Millisecond, Addrs: []string{strings.TrimPrefix(server.URL, "http://")}, Tokens: []string{"a", "b"}}
	r, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Answers[200] != 90 || r.Answers[503] != refused.Load() || r.Bad() != 10 || r.Latency.P99 <= 0 {
		t.Errorf("%+v", r)
	}
	server.Close()
	if r, err := b.Run(t.Context()); err != nil || r.Failures["dial: connect: connection refused"] != 100 {
		t.Errorf("with nobody there: %+v, %v", r, err)
	}
}

// TestPingsOverTLSShakeHandsEach also shows that no more than so many are under way.
func TestPingsOverTLSShakeHandsEach(t *testing.T) {
	var open, most, resumed atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || r.TLS.DidResume {
			resumed.Add(1)
		}
		n := open.Add(1)
		defer open.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
	}))
	defer server.Close()
	b := Burst{Pings: 60, AtOnce: 4, TLS: &tls.Config{InsecureSkipVerify: true}, Addrs: []string{strings.TrimPrefix(server.URL, "https://")}, Tokens: []string{"a"}}
	r, err := b.Run(t.Context())
	if err != nil || r.Answers[200] != 60 || resumed.Load() > 0 || most.Load() > 4 {
		t.Errorf("%+v, %v; %d without a handshake, %d at once", r, err, resumed.Load(), most.Load())
	}
}

func TestAServerTakesTheCertificate(t *testing.T) {
	cert, key, err := Certificate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		t.Error(err)
	}
}
