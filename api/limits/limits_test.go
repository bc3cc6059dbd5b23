package limits

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestAllowance follows the clock: a burst, then one at a time.
func TestAllowance(t *testing.T) {
	p, at := NewAllowance[int](time.Second, 3, 10), time.Now()
	for n := range 3 {
		if wait := p.Take(1, at); wait != 0 {
			t.Errorf("%d: %s", n, wait)
		}
	}
	at = at.Add(400 * time.Millisecond)
	if wait := p.Take(1, at); wait < 500*time.Millisecond || wait > 700*time.Millisecond {
		t.Errorf("wait %s", wait)
	}
	if p.Take(2, at) != 0 {
		t.Error("another one waits")
	}
	p.Give(1)
	if p.Take(1, at) != 0 || p.Take(1, at) == 0 {
		t.Error("what was given back is not there, or is there twice")
	}
	if at = at.Add(time.Hour); p.Take(1, at)+p.Take(1, at)+p.Take(1, at) != 0 || p.Take(1, at) == 0 {
		t.Error("an hour gives more or less than a burst")
	}
}

// TestAllowancesAreForgotten: a flood of addresses takes no more memory than it may.
func TestAllowancesAreForgotten(t *testing.T) {
	p := NewAllowance[netip.Addr](time.Second, 3, 1000)
	for n := range 100_000 {
		p.Take(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), time.Now())
	}
	if n := len(p.young) + len(p.old); n > 2000 {
		t.Errorf("%d are remembered", n)
	}
}

// TestFailedLoginsAreToldOnceAMinute with how many there were since the last line.
func TestFailedLoginsAreToldOnceAMinute(t *testing.T) {
	var log bytes.Buffer
	l, err := NewLogins(prometheus.NewRegistry(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddr("192.0.2.1")
	for range 40 {
		l.Fail(UnknownKey, from)
	}
	l.Fail(NoKey, from)
	l.told = time.Now().Add(-loginLine)
	l.Fail(RevokedKey, from)
	text := log.String()
	if strings.Count(text, "not known") != 2 || !strings.Contains(text, "failures=40") || !strings.Contains(text, "from=192.0.2.1") {
		t.Errorf("logged:\n%s", text)
	}
}

// TestLastUseOfKeysIsBounded: keys that are gone do not stay for ever.
func TestLastUseOfKeysIsBounded(t *testing.T) {
	l, err := NewLogins(prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	key := func(n int) (id fsm.KeyID) {
		binary.BigEndian.PutUint32(id[:], uint32(n))
		return id
	}
	now := time.Unix(1_800_000_000, 0)
	for n := range 5 * fsm.MaxKeys {
		l.Use(key(n), now)
		l.Use(key(n), now.Add(time.Second))
	}
	if got := l.LastUse(key(5*fsm.MaxKeys - 1)); !got.Equal(now.Add(time.Second)) {
		t.Errorf("the last one was used %v", got)
	}
	kept := 0
	for n := range 5 * fsm.MaxKeys {
		if !l.LastUse(key(n)).IsZero() {
			kept++
		}
	}
	if kept > 2*fsm.MaxKeys {
		t.Errorf("%d are kept", kept)
	}
}
