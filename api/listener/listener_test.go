package listener

import (
	"net"
	"syscall"
	"testing"
)

func TestAListenerThatIsClosedEnds(t *testing.T) {
	for _, err := range []error{net.ErrClosed, syscall.EBADF, syscall.EINVAL} {
		if !isPermanent(&net.OpError{Op: "accept", Err: err}) {
			t.Errorf("%v is waited out", err)
		}
	}
}
