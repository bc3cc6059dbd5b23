package listener

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestAListenerThatIsClosedEnds(t *testing.T) {
	for _, err := range []error{net.ErrClosed, syscall.EBADF, syscall.EINVAL} {
		if !isPermanent(&net.OpError{Op: "accept", Err: err}) {
			t.Errorf("%v is waited out", err)
		}
	}
}

func listenOn(t *testing.T, ln net.Listener) *Listener {
	log := slog.New(slog.DiscardHandler)
	return New(ln, Options{Pool: deferred.NewPool(&fasthttp.Server{}, deferred.Options{}), Metrics: newMetrics(t), Log: log})
}

// without is a listener whose accept fails so often for want of memory, and then for good.
type without struct {
	net.Listener
	left int
}

func (w *without) Accept() (net.Conn, error) {
	if w.left--; w.left < 0 {
		return nil, net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.ENOMEM)}
}

// TestAcceptIsNotTriedWithoutARest: a listener that cannot accept takes no processor for it.
func TestAcceptIsNotTriedWithoutARest(t *testing.T) {
	l := listenOn(t, &without{left: 10})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("it ends with %v", err)
		}
		if took, want := time.Since(began), (5+10+20+40+80+160+4*200)*time.Millisecond; took != want {
			t.Errorf("ten failures took %v, want %v", took, want)
		}
	})
	if n := testutil.ToFloat64(l.opts.Metrics.AcceptErrors); n != 10 {
		t.Errorf("%v failures are counted", n)
	}
}

// limitDescriptors to so many, until the returned function is called.
func limitDescriptors(t *testing.T, n uint64) (usual func()) {
	t.Helper()
	var was syscall.Rlimit
	testkit.Must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was))
	testkit.Must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: was.Max}))
	usual = func() { testkit.Must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was)) }
	t.Cleanup(usual)
	return usual
}

// TestConnectionsLeaveDescriptors for the log, the other nodes and the mail server.
func TestConnectionsLeaveDescriptors(t *testing.T) {
	for all, want := range map[uint64]int{64: 32, 256: 160, 512: 384, 1024: 832} {
		usual := limitDescriptors(t, all)
		got, few := connectionLimit(maxConnections), connectionLimit(10)
		usual()
		if got != want || few != 10 {
			t.Errorf("of %d descriptors %d are for connections, want %d; where 10 may be, %d", all, got, want, few)
		}
	}
}

// TestTheLastDescriptorTellsAClient: one who waits while all others are used up, by
// things that cannot be closed for it, hears so, and the next gets in when there are some again.
func TestTheLastDescriptorTellsAClient(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String()) // the kernel takes it
	testkit.Must(t, err)
	defer conn.Close()
	l := listenOn(t, ln)
	usual := limitDescriptors(t, uint64(l.spare.Fd())+1)
	var others []*os.File
	defer func() {
		for _, f := range others {
			f.Close()
		}
	}()
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		others = append(others, f)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		next, _ := l.Accept()
		accepted <- next
	}()
	testkit.Must(t, conn.SetReadDeadline(time.Now().Add(testkit.Patience)))
	if told, err := io.ReadAll(conn); err != nil || string(told) != BusyAnswer {
		t.Errorf("who waits is told %q, %v", told, err)
	}
	usual()
	next, err := net.Dial("tcp", ln.Addr().String())
	testkit.Must(t, err)
	defer next.Close()
	if c := <-accepted; c == nil {
		t.Error("the listener ended")
	}
	if n := testutil.ToFloat64(l.opts.Metrics.Refused); n != 1 || l.spare == nil {
		t.Errorf("%v are counted as refused; the spare one is %v", n, l.spare)
	}
}
