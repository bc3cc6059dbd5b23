package pieces

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
)

// Answer is the body of an answer that is made while it is written. It is meant for fasthttp's SetBodyStream, which calls
// WriteTo, unless the request was a HEAD, and then Close.
type Answer struct {
	Next    func(piece []byte) (_ []byte, more bool) // appends the next piece, and reports whether there are more
	Turn    *sync.Mutex                              // held meanwhile, so that all answers together take one core
	Conn    net.Conn
	Pace    Pace
	Release func() // is called once, when the answer is over
}

// SupportsBodyWriteTo tells fasthttp to use WriteTo.
func (a *Answer) SupportsBodyWriteTo() bool { return true }

// Read is never called.
func (a *Answer) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Close ends the answer, whether it was written or not.
func (a *Answer) Close() error {
	a.Release()
	return nil
}

// WriteTo writes the answer, and does not count what it wrote. After each piece it lets others run first: a ping has
// more than one goroutine to pass, and should not wait for a piece at each.
func (a *Answer) WriteTo(w io.Writer) (int64, error) {
	paced := a.Pace.Writer(a.Conn, w)
	var piece []byte
	for more := true; more; {
		piece, more = a.next(piece[:0])
		if _, err := paced.Write(piece); err != nil {
			return 0, err
		}
		runtime.Gosched()
	}
	return 0, nil
}

func (a *Answer) next(piece []byte) (_ []byte, more bool) {
	a.Turn.Lock()
	defer a.Turn.Unlock()
	return a.Next(piece)
}
