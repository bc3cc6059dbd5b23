package smtpsink

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

// TestThePortOfASinkThatIsDownIsKept: tests of other processes run beside, and each asks for free
// ports.
func TestThePortOfASinkThatIsDownIsKept(t *testing.T) {
	s := start(t, Config{})
	for range 2 {
		s.Down()
		if c, err := net.Dial("tcp", s.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a connection to it: %v %v", c, err)
		}
		if ln, err := net.Listen("tcp", s.Addr()); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("another server got its port: %v %v", ln, err)
		}
		if err := s.Up(); err != nil {
			t.Fatal(err)
		}
		if err := send(s, nil, "a@example.com"); err != nil {
			t.Error(err)
		}
	}
}
