package burst

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
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
	if r, err := b.Run(t.Context()); err != nil || r.Failures[load.FailedConnection] != 100 {
		t.Errorf("with nobody there: %+v, %v", r, err)
	}
}
