package api

import (
	"strings"
	"testing"
)

func TestPingURLsFollowThePublicURL(t *testing.T) {
	for public, want := range map[string]string{
		"https://example.com/beat":       "https://example.com/beat",
		"https://example.com/beat/":      "https://example.com/beat",
		"http://beat.example.com:8080":   "http://beat.example.com:8080",
		"https://[2001:db8::1]:8443/a/b": "https://[2001:db8::1]:8443/a/b",
	} {
		r := newRigWith(t, func(c *Config) { c.PublicURL = public }, func(*Server) {})
		h := r.create(`{"name":"job"}`)
		if got := strings.TrimSuffix(h.PingURL, "/v1/heartbeats/"+h.Token+"/ping"); got != want {
			t.Errorf("%s: %s", public, h.PingURL)
		}
	}
}

// TestHostIsBelievedIfItCanBeOne: what else a client sends there must not stand in a URL
// that somebody copies.
func TestHostIsBelievedIfItCanBeOne(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"job"}`)
	for host, believed := range map[string]bool{
		"qb.example": true, "qb.example:8080": true, "192.0.2.1:80": true, "[2001:db8::1]:80": true, "[2001:db8::1]": true, "node_1": true, "QB.example.": true,
		"": false, "a b": false, "user@evil.example": false, "evil.example/path": false, "evil.example?x": false, "a:b": false, "a:": false, "[::1": false, "<b>": false,
		`a"b`: false, "a:80:80": false, ".": false, strings.Repeat("a", 254): false,
	} {
		a := r.raw("GET /v1/heartbeats/" + h.ID + " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + testKey + "\r\n\r\n")
		if a.status != 200 {
			if believed {
				t.Errorf("%q: %d %s", host, a.status, a.body)
			}
			continue
		}
		got := decodeAs[heartbeatJSON](t, a.body).PingURL
		if want := "http://" + host + "/v1/"; strings.HasPrefix(got, want) != believed || !believed && !strings.HasPrefix(got, "http://127.0.0.1:") {
			t.Errorf("%q: %s", host, got)
		}
	}
}
