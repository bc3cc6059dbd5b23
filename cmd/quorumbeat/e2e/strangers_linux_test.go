package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// lastingStrangers holds how many connections the memory of a node is measured with.
const lastingStrangers = "QUORUMBEAT_SOAK_CONNECTIONS"

// strange opens so many connections to a node, from several addresses of loopback: one
// alone has no more than 28,000 ports.
func strange(t *testing.T, addr string, i int) net.Conn {
	t.Helper()
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i/10000))}
	d := net.Dialer{LocalAddr: from, Timeout: testkit.Patience}
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	testkit.Must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestIdleConnectionsKeepNobodyOut opens more connections than a node has descriptors,
// and says nothing on them, while a job pings over new ones.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	few := []localcluster.Host{{Addr: "127.0.0.1", Enter: []string{"sh", "-c", `ulimit -n 256; exec "$@"`, "sh"}}}
	e := startWith(t, sink, localcluster.Options{Nodes: 1, Hosts: few, Flags: mailFlags(sink, "none")})
	n := e.Nodes[0]
	h := create(t, n, fields{"name": "job", "interval_secs": 3600})
	for i := range 400 {
		strange(t, n.Addrs.HTTP, i)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: testkit.Patience}
	for range 15 {
		resp, err := c.Post(pingURL(n, h), "", nil)
		isCounted(t, resp, err)
	}
	if got := get(t, n, h.ID); got.PingsTotal != 15 || got.Status != "active" {
		t.Errorf("%d pings, status %s", got.PingsTotal, got.Status)
	}
	if told := alerts(t, n, h); len(told) > 0 { // no mail goes out without one
		t.Errorf("%d alerts about a job that pinged: %+v", len(told), told[0])
	}
	if !strings.Contains(n.Log(), "too many connections are open") {
		t.Error("the log does not tell")
	}
	resp, err := c.Get(n.URL() + "/metrics")
	testkit.Must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	testkit.Must(t, err)
	if !strings.Contains(string(text), `quorumbeat_http_connections_closed_total{reason="idle"} `) || !strings.Contains(string(text), "quorumbeat_listener_up 1") {
		t.Error("the metrics do not tell")
	}
}

// TestConnectionsHoldLittle sends a mebibyte of body on each of many connections and
// keeps them open: what a node holds for each may not depend on what was sent.
func TestConnectionsHoldLittle(t *testing.T) {
	t.Parallel()
	many, limit, env := 128, int64(100<<20), []string{"GOGC=25"} // or the collector lets 64 MiB pass by itself
	if s := os.Getenv(lastingStrangers); s != "" {
		n, err := strconv.Atoi(s)
		testkit.Must(t, err)
		many, limit, env = n, int64(n)*(400<<20)/20000, nil
	}
	pair, ca := selfSigned(t)
	der, err := x509.MarshalPKCS8PrivateKey(pair.Certificates[0].PrivateKey)
	testkit.Must(t, err)
	key := filepath.Join(t.TempDir(), "key.pem")
	testkit.Must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	overTLS := func(c net.Conn) net.Conn { return tls.Client(c, &tls.Config{InsecureSkipVerify: true}) }
	secure := []string{"--http-tls-cert", ca, "--http-tls-key", key}
	for name, c := range map[string]struct {
		flags []string
		wrap  func(net.Conn) net.Conn
		size  int // of the body
	}{
		"plain":                 {nil, func(c net.Conn) net.Conn { return c }, 1 << 20},
		"TLS":                   {secure, overTLS, 1 << 20},
		"TLS that is not ended": {secure, overTLS, 4000},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, err := localcluster.Start(localcluster.Options{
				Binary: binary, Dir: t.TempDir(), Nodes: 1, AdminKey: adminKey, Flags: append(c.flags, "--smtp-url", "stdout:"), Env: env,
				Hosts: []localcluster.Host{{Addr: "127.0.0.1", Enter: []string{"sh", "-c", `ulimit -n 40000 2>/dev/null; exec "$@"`, "sh"}}},
			})
			testkit.Must(t, err)
			defer cluster.Close()
			holdLittle(t, cluster.Nodes[0], c.wrap, c.size, many, limit)
		})
	}
}

// holdLittle opens so many connections, sends on each, and compares what is resident.
func holdLittle(t *testing.T, n *localcluster.Node, wrap func(net.Conn) net.Conn, size, many int, limit int64) {
	var h heartbeat
	testkit.Eventually(t, "a heartbeat is there", func() bool {
		resp := send(t, wrap(strange(t, n.Addrs.HTTP, 0)), "/v1/heartbeats", `{"name":"job"}`)
		return resp.StatusCode == 201 && json.NewDecoder(resp.Body).Decode(&h) == nil
	})
	before, err := n.Usage()
	testkit.Must(t, err)
	large := strings.Repeat("x", size)
	var senders sync.WaitGroup
	var open atomic.Int64
	for s := range 8 {
		senders.Go(func() {
			for i := s; i < many; i += 8 {
				conn := wrap(strange(t, n.Addrs.HTTP, i))
				if resp := send(t, conn, "/ping/"+h.Token+"/log", large); resp.StatusCode != 200 {
					t.Errorf("connection %d: %s", i, resp.Status)
				} else if !resp.Close {
					open.Add(1)
				}
			}
		})
	}
	senders.Wait()
	after, err := n.Usage()
	testkit.Must(t, err)
	grown := after.Peak - before.Resident
	t.Logf("%d connections, of which %d stay open, each sent %d bytes: %d MiB more at most, %d MiB more at the end",
		many, open.Load(), len(large), grown>>20, (after.Resident-before.Resident)>>20)
	if grown > limit {
		t.Errorf("%d connections take %d MiB, want at most %d", many, grown>>20, limit>>20)
	}
}

// send posts a body and reads the answer.
func send(t *testing.T, conn net.Conn, path, body string) *http.Response {
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", path, adminKey, len(body), body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Error(err)
		return &http.Response{Close: true}
	}
	return resp
}
