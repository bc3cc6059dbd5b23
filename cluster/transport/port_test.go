package transport

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestWhoIsLetIn connects two ports with the secrets given.
func TestWhoIsLetIn(t *testing.T) {
	for name, c := range map[string]struct {
		server, client [][]byte
		ok             bool
	}{
		"the same secret":                {secrets("a"), secrets("a"), true},
		"another secret":                 {secrets("a"), secrets("b"), false},
		"no secret":                      {secrets("a"), nil, false},
		"both know the new one":          {secrets("a", "b"), secrets("b", "a"), true},
		"the old one, trusted still":     {secrets("b", "a"), secrets("a", "b"), true},
		"one that is not trusted yet":    {secrets("a"), secrets("b", "a"), false},
		"one that is not trusted longer": {secrets("b"), secrets("a", "b"), false},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := openPort(t, c.server), openPort(t, c.client)
			l := server.Listener(KindControl)
			got := make(chan string, 1)
			go func() {
				conn, err := l.Accept()
				if err != nil {
					got <- ""
					return
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(testkit.Patience))
				b := make([]byte, 5)
				n, _ := conn.Read(b)
				got <- string(b[:n])
			}()
			ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
			defer cancel()
			conn, err := client.Dial(ctx, server.Addr().String(), KindControl)
			if err == nil {
				conn.Write([]byte("hello"))
				defer conn.Close()
			}
			if !c.ok {
				l.Close() // nobody may have come
			}
			if heard := <-got; (heard == "hello") != c.ok {
				t.Errorf("the server heard %q, dial said %v", heard, err)
			}
		})
	}
}

func openPort(t *testing.T, s [][]byte) *Port {
	t.Helper()
	pair, err := NewTLS(TLSOptions{Secrets: s})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Listen("127.0.0.1:0", Options{TLS: pair})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestAPortInUseIsToldInWords(t *testing.T) {
	m := openPort(t, nil)
	_, err := Listen(m.Addr().String(), Options{})
	if err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("%v", err)
	}
}

func TestClosingThePortEndsItsConnections(t *testing.T) {
	m := openPort(t, nil)
	conn, err := net.Dial("tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	m.Close()
	conn.SetReadDeadline(time.Now().Add(testkit.Patience))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
}

func TestSecretFiles(t *testing.T) {
	made := GenerateSecret()
	if made == GenerateSecret() {
		t.Error("two secrets are the same")
	}
	for file, words := range map[string]string{
		made: "", made + "\n\n" + GenerateSecret() + "\n": "", "": "empty", "short": "5 bytes", made + "\nshort": "5 bytes",
		made + "\n" + made + "\n" + made: "3 cluster secrets",
	} {
		_, err := ParseSecrets([]byte(file))
		if (err == nil) != (words == "") || (err != nil && (!errors.Is(err, fsm.ErrConfig) || !strings.Contains(err.Error(), words))) {
			t.Errorf("%d bytes: %v, want %q", len(file), err, words)
		}
	}
}

// FuzzQuestions reads what another node may send.
func FuzzQuestions(f *testing.F) {
	f.Add([]byte(`{"op":"info","asker":"01000000-0000-0000-0000-000000000000","cluster":"00000000-0000-0000-0000-000000000000"}`))
	f.Add([]byte(`{"code":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		decodeQuestion[Question](bytes.NewReader(b))
		if a, err := decodeQuestion[Answer](bytes.NewReader(b)); err == nil {
			_ = a.Err()
		}
	})
}
