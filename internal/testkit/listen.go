package testkit

import (
	"net"
	"testing"
)

// Listen gives each connection that comes to an address of its own to serve, in a goroutine, and closes it then. It
// ends with the test.
func Listen(t testing.TB, serve func(conn net.Conn)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	Must(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn) }()
		}
	}()
	return ln.Addr().String()
}
