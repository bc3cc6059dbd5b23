package e2e

import (
	"math/rand/v2"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// cable carries frames between two network cards as a bad line or a far provider
// would: late, unevenly late, and not all of them. It stands for netem, which not
// every kernel has.
type cable struct{ quality atomic.Pointer[quality] }

// quality is of one direction. What is late stays in order.
type quality struct {
	delay, jitter time.Duration // a frame takes delay to delay+jitter
	loss          float64       // the part of the frames that do not arrive
}

// lay takes a host's card off the bridge and puts a cable between.
func (w *network) lay(i int) *cable {
	w.t.Helper()
	near, far := "to-"+host(i), "far-"+host(i)
	w.ip("link", "set", near, "nomaster")
	w.ip("link", "add", far, "type", "veth", "peer", "name", "port-"+host(i))
	w.ip("link", "set", "port-"+host(i), "master", "br0", "up")
	for _, card := range []string{near, far} { // they carry frames, and are nobody's address
		w.ip("link", "set", card, "arp", "off", "up")
	}
	c := &cable{}
	c.set(quality{})
	a, b := packets(w.t, near), packets(w.t, far)
	c.carry(a, b)
	c.carry(b, a)
	return c
}

func (c *cable) set(q quality) { c.quality.Store(&q) }

type frame struct {
	data []byte
	due  time.Time
}

// carry ends when a socket is closed.
func (c *cable) carry(from, to *os.File) {
	queue := make(chan frame, 10_000)
	go func() {
		defer close(queue)
		buf := make([]byte, 70_000)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			q := c.quality.Load()
			if rand.Float64() < q.loss {
				continue
			}
			late := q.delay
			if q.jitter > 0 {
				late += rand.N(q.jitter)
			}
			select {
			case queue <- frame{append([]byte(nil), buf[:n]...), time.Now().Add(late)}:
			default: // a full queue loses, as a router does
			}
		}
	}()
	go func() {
		for f := range queue {
			time.Sleep(time.Until(f.due))
			_, _ = to.Write(f.data) // a card that goes down loses
		}
	}()
}

// From linux/if_packet.h; the syscall package is older than these.
const (
	solPacket            = 263
	packetVnetHdr        = 15
	packetIgnoreOutgoing = 23
)

// packets is a socket for whole frames, each with the kernel's notes on checksums
// and segments that are yet to be made.
func packets(t *testing.T, card string) *os.File {
	t.Helper()
	all := uint16(syscall.ETH_P_ALL<<8&0xff00 | syscall.ETH_P_ALL>>8) // in network order
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	testkit.Must(t, err)
	testkit.Must(t, syscall.SetsockoptInt(fd, solPacket, packetVnetHdr, 1))
	testkit.Must(t, syscall.SetsockoptInt(fd, solPacket, packetIgnoreOutgoing, 1))
	f := os.NewFile(uintptr(fd), card)
	t.Cleanup(func() { _ = f.Close() })
	testkit.Must(t, syscall.Bind(fd, &syscall.SockaddrLinklayer{Protocol: all, Ifindex: cardIndex(t, card)}))
	return f
}
