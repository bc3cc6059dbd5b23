package smtp

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const testWindow = 2 * time.Second // for a dot

// oddServer is a mail server that says what its table says. A reply is sent as it stands;
// "" closes the connection.
type oddServer struct {
	tls      *tls.Config
	implicit bool
	greeting string            // default "220 odd\r\n"
	replies  map[string]string // by verb, or "." for the dot; others are answered as usual
	auth     func(line string, r *bufio.Reader, w net.Conn)

	addr string
	mu   sync.Mutex
	said []string // lines of the client
}

func (o *oddServer) start(t *testing.T) *oddServer {
	t.Helper()
	if o.greeting == "" {
		o.greeting = "220 odd\r\n"
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = ln.Addr().String()
	var parts sync.WaitGroup
	conns := make(chan net.Conn, 100)
	parts.Go(func() {
		defer close(conns)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns <- c
			parts.Go(func() { defer c.Close(); o.serve(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		for c := range conns {
			c.Close()
		}
		parts.Wait()
	})
	return o
}

func (o *oddServer) serve(c net.Conn) {
	if o.implicit {
		c = tls.Server(c, o.tls)
	}
	if o.greeting != "silence" {
		c.Write([]byte(o.greeting))
	}
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		o.mu.Lock()
		o.said = append(o.said, line)
		o.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if verb == "AUTH" && o.auth != nil {
			o.auth(line, r, c)
			continue
		}
		reply := o.reply(verb)
		if reply == "" || verb == "QUIT" {
			c.Write([]byte(reply))
			return
		} else if c.Write([]byte(reply)); verb == "STARTTLS" && reply[0] == '2' {
			c = tls.Server(c, o.tls)
			r = bufio.NewReader(c)
		} else if verb == "DATA" && reply[0] == '3' && !o.message(r, c) {
			return
		}
	}
}

func (o *oddServer) message(r *bufio.Reader, c net.Conn) bool {
	for line := ""; line != ".\r\n"; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			return false
		}
	}
	reply := o.reply(".")
	c.Write([]byte(reply))
	return reply != ""
}

func (o *oddServer) reply(verb string) string {
	if reply, ok := o.replies[verb]; ok {
		return reply
	}
	return map[string]string{"DATA": "354 go on\r\n", "QUIT": "221 bye\r\n", "EHLO": "250-odd\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", "AUTH": "235 ok\r\n"}[verb] +
		map[bool]string{true: "250 ok\r\n"}[verb != "DATA" && verb != "QUIT" && verb != "EHLO" && verb != "AUTH"]
}

// lines are what the client said that begins with a verb.
func (o *oddServer) lines(verb string) (found []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.said {
		if strings.HasPrefix(strings.ToUpper(l), verb) {
			found = append(found, l)
		}
	}
	return found
}

// deliver sends one message as a worker does.
func (o *oddServer) deliver(t *testing.T, query string, change func(*dialer)) error {
	t.Helper()
	raw := "smtp://" + o.addr + "?tls=none"
	if query != "" {
		raw = strings.ReplaceAll(query, "ADDR", o.addr)
	}
	target, err := ParseURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	tr := newDialer(target, "")
	if change != nil {
		change(tr)
	}
	s, err := tr.Open(t.Context())
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Transfer(t.Context(), "monitor@example.com", "ops@example.com", []byte("Subject: x\r\n\r\n.hello\r\n")); err != nil {
		return err
	}
	return s.Complete(time.Now().Add(testWindow))
}

// certificate is one for 127.0.0.1 that nobody signed, and its PEM file.
func certificate(t *testing.T, change func(*x509.Certificate)) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certificateOf(t, key, change)
}

func certificateOf(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) (*tls.Config, string) {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "odd"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, path
}
