package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestMain looks for leaks, but for three goroutines of fasthttp's: two live as long
// as the process, one sleeps up to 10 s before it sees that its server stopped.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(
		m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp/stackless.funcWorker"), // its gzip keeps one for each processor
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
	)
}

// TestWhatIsNoRequestIsRefusedInJSON tries what no route ever sees.
func TestWhatIsNoRequestIsRefusedInJSON(t *testing.T) {
	r, c := newRigWith(t, func(*Config) {}, func(s *Server) { s.conns.ReadTimeout = 200 * time.Millisecond }), newChecker(t)
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"headers over the limit": {"GET /v1/heartbeats HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", deferred.LongestHead) + "\r\n\r\n", 431},
		"a path over the limit":  {"GET /v1/heartbeats/" + strings.Repeat("a", deferred.MaxHead) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"nonsense":               {"NONSENSE\r\n\r\n", 400},
		"a length that is none":  {"POST /v1/heartbeats HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400},
		"a body that never ends": {"POST /v1/heartbeats HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + testKey + "\r\nContent-Length: 100\r\n\r\n{", 408},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.raw(tt.request)
			if a.status != tt.status || string(a.header.ContentType()) != "application/json" {
				t.Errorf("%d %s %s, want %d", a.status, a.header.ContentType(), a.body, tt.status)
			}
			c.checkError(t, a)
		})
	}
}

// TestABodyOverTheLimitIsAnswered writes bodies that a server which closes at once
// would cut off, and the answer with them.
func TestABodyOverTheLimitIsAnswered(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, func(*Config) {}, patient)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return r.dial() }}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: testkit.Patience}
	for name, size := range map[string]int{"what is read whole": (1 << 20) - 1000, "what is not": 3 * (1 << 20)} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				req, _ := http.NewRequest(http.MethodPost, "http://qb.example/v1/heartbeats", strings.NewReader(`{"name":"`+strings.Repeat("a", size)+`"}`))
				req.Header.Set("Authorization", "Bearer "+testKey)
				res, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != 413 || res.Header.Get("Content-Type") != "application/json" {
					t.Fatalf("%d %s", res.StatusCode, res.Header)
				}
			}
		})
	}
}

func TestManyRequestsShareAConnection(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	conn := r.connect()
	defer conn.Close()
	ping := "POST /v1/heartbeats/" + h.Token + "/ping HTTP/1.1\r\nHost: x\r\n"
	requests := ping + "Content-Length: 0\r\n\r\n" + // net/http, httpx
		ping + "\r\n" + // no length at all
		ping + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" +
		ping + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	if _, err := conn.Write([]byte(requests)); err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(conn)
	for i := range 4 {
		if a := r.read(from, false); a.status != 200 || a.body != `{"status":"ok"}` {
			t.Errorf("ping %d: %d %q", i+1, a.status, a.body)
		}
	}
	id, _ := fsm.ParseHeartbeatID(h.ID)
	if got, _ := r.cluster.store.Heartbeat(id); got.Pings != 4 {
		t.Errorf("%d pings, want 4", got.Pings)
	}
}

func TestAnOldClientWithoutHostGetsAnAddress(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	conn := r.connect()
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /v1/heartbeats/" + h.ID + " HTTP/1.0\r\nAuthorization: Bearer " + testKey + "\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	got := decodeAs[heartbeatJSON](t, r.read(bufio.NewReader(conn), false).body)
	if want := "http://" + conn.RemoteAddr().String() + "/v1/heartbeats/" + h.Token + "/ping"; got.PingURL != want {
		t.Errorf("ping_url %q, want %q", got.PingURL, want)
	}
}

func TestShutdownWaitsForWhatIsUnderWay(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	begun, finish := make(chan struct{}), make(chan struct{})
	r.server.useCluster(proposer{r.cluster, func(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
		close(begun)
		<-finish
		return r.cluster.Propose(ctx, cmd)
	}})
	answers, stopped := make(chan answer, 1), make(chan error, 1)
	go func() { answers <- r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "") }()
	<-begun
	go func() { stopped <- r.server.Shutdown(context.Background()) }()
	testkit.Eventually(t, "the port is closed", func() bool {
		conn, err := r.dial()
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("Shutdown returned %v with a ping under way", err)
	default:
	}
	close(finish)
	if a := <-answers; a.status != 200 {
		t.Errorf("the ping under way: %d %s", a.status, a.body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestLeavingResetsNobody has clients with new and with kept connections at work
// while the server stops: they may find the port closed, and nothing else.
func TestLeavingResetsNobody(t *testing.T) {
	r := newRig(t)
	conn := r.connect()
	url := "http://" + conn.RemoteAddr().String() + "/healthz"
	conn.Close()
	var answered atomic.Int64
	var clients sync.WaitGroup
	for i := range 24 {
		clients.Go(func() {
			c := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: i%4 != 0}}
			defer c.CloseIdleConnections()
			for {
				resp, err := c.Post(url, "", nil) // not GET, which Go sends again by itself
				if errors.Is(err, syscall.ECONNREFUSED) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				answered.Add(1)
			}
		})
	}
	testkit.Eventually(t, "they are at work", func() bool { return answered.Load() > 500 })
	r.server.Leave(t.Context())
	if err := r.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	clients.Wait()
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	r := newRigWith(t, func(c *Config) { c.TLSCert, c.TLSKey = cert, key }, func(*Server) {})
	r.overTLS()
	h := r.create(`{"name":"x"}`)
	if want := "https://qb.example:8080/v1/heartbeats/" + h.Token + "/ping"; h.PingURL != want {
		t.Errorf("ping_url %q, want %q", h.PingURL, want)
	}
	if a := r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", ""); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	expiry := families(t, r.call("GET", "/metrics", "").body)["quorumbeat_http_tls_not_after_timestamp_seconds"]
	if left := time.Until(time.Unix(int64(expiry.GetMetric()[0].GetGauge().GetValue()), 0)); left < 50*time.Minute || left > time.Hour {
		t.Errorf("the certificate is said to be valid for %s", left)
	}
}

// TestATLSSessionGoesOnAtAnotherNode has a client come to another node than the last time.
func TestATLSSessionGoesOnAtAnotherNode(t *testing.T) {
	cert, key := certificate(t)
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "x", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	var resumed []bool
	for _, secret := range []string{"a secret of all nodes", "a secret of all nodes", "another cluster's"} {
		r := newRigWith(t, func(c *Config) { c.TLSCert, c.TLSKey = cert, key }, func(s *Server) { testkit.Must(t, s.SetSecrets([][]byte{[]byte(secret)})) })
		plain, err := r.dial()
		testkit.Must(t, err)
		conn := tls.Client(plain, client)
		_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		testkit.Must(t, err)
		if text, err := io.ReadAll(conn); err != nil || !bytes.HasPrefix(text, []byte("HTTP/1.1 200")) {
			t.Errorf("%q, %v", text, err)
		}
		resumed = append(resumed, conn.ConnectionState().DidResume)
		conn.Close()
	}
	if !slices.Equal(resumed, []bool{false, true, false}) {
		t.Errorf("resumed: %v", resumed)
	}
}

// overTLS has the rig dial as a client that trusts everybody.
func (r *rig) overTLS() {
	plain := r.dial
	r.dial = func() (net.Conn, error) {
		conn, err := plain()
		if err != nil {
			return nil, err
		}
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), nil
	}
}

// certificate writes a pair that nobody trusts.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"qb.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
