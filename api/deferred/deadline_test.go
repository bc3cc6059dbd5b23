package deferred

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// slowConn counts how often its timers are moved, and times out when told to.
type slowConn struct {
	net.Conn
	armed []time.Time
	reads []error // what the reads answer, in turn
}

func (c *slowConn) SetReadDeadline(t time.Time) error { c.armed = append(c.armed, t); return nil }

func (c *slowConn) Read(b []byte) (int, error) {
	err := c.reads[0]
	c.reads = c.reads[1:]
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

func TestADeadlineThatMovesAwayIsNotSetAgain(t *testing.T) {
	under := &slowConn{}
	c := &deadlineConn{Conn: under}
	now := time.Now()
	for i := range 100 {
		_ = c.SetReadDeadline(now.Add(2 * time.Minute)) // idle
		_ = c.SetReadDeadline(now.Add(15*time.Second + time.Duration(i)))
	}
	if len(under.armed) != 2 {
		t.Errorf("the timer was moved %d times, not twice", len(under.armed))
	}
	_ = c.SetReadDeadline(now.Add(time.Second))
	if last := under.armed[len(under.armed)-1]; !last.Equal(now.Add(time.Second)) {
		t.Error("a deadline that comes nearer was not set")
	}
}

func TestATimerThatFiresEarlyIsNoTimeout(t *testing.T) {
	under := &slowConn{reads: []error{os.ErrDeadlineExceeded, nil, os.ErrDeadlineExceeded}}
	c := &deadlineConn{Conn: under}
	_ = c.SetReadDeadline(time.Now())
	later := time.Now().Add(time.Hour)
	_ = c.SetReadDeadline(later)
	if n, err := c.Read(make([]byte, 3)); n != 3 || err != nil {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	if last := under.armed[len(under.armed)-1]; !last.Equal(later) {
		t.Error("the timer was not set to the later deadline")
	}
	_ = c.SetReadDeadline(time.Now())
	if _, err := c.Read(make([]byte, 3)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline that passed: %v", err)
	}
}

func TestNoDeadlineWaitsForGood(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	c := &deadlineConn{Conn: a}
	_ = c.SetDeadline(time.Now().Add(10 * time.Millisecond))
	_ = c.SetDeadline(time.Time{})
	go func() {
		time.Sleep(50 * time.Millisecond)
		_, _ = b.Write([]byte("late"))
	}()
	if n, err := c.Read(make([]byte, 9)); n != 4 || err != nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
	_ = c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := c.Write([]byte("nobody reads")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write that nobody reads: %v", err)
	}
}
