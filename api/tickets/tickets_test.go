package tickets

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"
	"time"
)

// node is a TLS server of which the clock can be set.
type node struct {
	keys Keys
	base *tls.Config
	now  time.Time
}

func newNode(t *testing.T, secrets ...string) *node {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"quorumbeat"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{base: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}, now: time.Unix(1_800_000_000, 0)}
	n.set(secrets...)
	return n
}

func (n *node) set(secrets ...string) {
	var all [][]byte
	for _, s := range secrets {
		all = append(all, []byte(s))
	}
	n.keys.Set(all)
}

// connect makes one connection, and reports whether it resumed a session.
func connect(t *testing.T, n *node, cache tls.ClientSessionCache, version uint16) bool {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	config := n.base.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return n.keys.configAt(n.base, n.now) }
	done := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		server := tls.Server(conn, config)
		_, err = io.WriteString(server, "x")
		done <- err
		_ = server.Close()
	}()
	client, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{ServerName: "quorumbeat", InsecureSkipVerify: true, ClientSessionCache: cache, MinVersion: version, MaxVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.ReadAll(client); err != nil { // the tickets of TLS 1.3 come with what is read
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return client.ConnectionState().DidResume
}

func TestNodesTakeEachOthersTickets(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		a, b := newNode(t, "one"), newNode(t, "one")
		later := func(d time.Duration) *node { n := newNode(t, "one"); n.now = a.now.Add(d); return n }
		for name, c := range map[string]struct {
			second *node
			want   bool
		}{
			"the same node":                  {a, true},
			"another node":                   {b, true},
			"one with another secret":        {newNode(t, "two"), false},
			"one that has a new secret too":  {newNode(t, "two", "one"), true},
			"half a day later":               {later(epoch), true},
			"a node whose clock is behind":   {later(-epoch), true},
			"when the key is no longer used": {later(2 * epoch), false},
			"a node without a secret":        {newNode(t), false},
		} {
			cache := tls.NewLRUClientSessionCache(10)
			if connect(t, a, cache, version) {
				t.Error("a session was resumed before there was one")
			}
			if got := connect(t, c.second, cache, version); got != c.want {
				t.Errorf("%s, %s: resumed %v, want %v", tls.VersionName(version), name, got, c.want)
			}
		}
	}
}

func TestTheConfigurationIsMadeOnce(t *testing.T) {
	n := newNode(t, "one")
	first, _ := n.keys.configAt(n.base, n.now)
	again, _ := n.keys.configAt(n.base, n.now.Add(time.Minute))
	if first == nil || first != again {
		t.Error("it was made again")
	}
	n.set("two")
	if changed, _ := n.keys.configAt(n.base, n.now); changed == first {
		t.Error("a new secret changed nothing")
	}
}
