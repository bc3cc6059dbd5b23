package api

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/api/proxied"
)

const proxy = "10.0.0.1"

func testProxies(t testing.TB) proxied.Networks {
	t.Helper()
	p, err := proxied.ParseNetworks([]string{"10.0.0.0/8", "2001:db8:f::/48", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestHistoryNamesTheClient behind a proxy that is trusted, and the proxy otherwise.
func TestHistoryNamesTheClient(t *testing.T) {
	for trusted, want := range map[string]string{proxy: "127.0.0.1", "127.0.0.0/8": "198.51.100.1"} {
		r := newRigWith(t, func(c *Config) { c.TrustedProxies = []string{trusted} }, func(*Server) {})
		h := r.create(`{"name":"job"}`)
		for _, path := range []string{"/v1/heartbeats/" + h.Token + "/ping", "/v1/heartbeats/" + h.Token + "/ping/fail", "/ping/" + h.Token, "/api/push/" + h.Token + "?msg=x"} {
			if a := r.call("GET", path, "", "X-Forwarded-For", "203.0.113.66, 198.51.100.1"); a.status != 200 {
				t.Fatalf("%s: %d %s", path, a.status, a.body)
			}
			all, _ := r.cluster.store.Heartbeats(fsmAll)
			if all[0].LastFrom != want {
				t.Errorf("%s from behind %s: %q, want %s", path, trusted, all[0].LastFrom, want)
			}
		}
	}
}
