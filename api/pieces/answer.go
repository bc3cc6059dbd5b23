package pieces

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
)

// Body is what all long answers have. It is a part of what is given to fasthttp's SetBodyStream, which calls WriteTo, unless
// the request was a HEAD, and then Close.
type Body struct {
	Turn    *sync.Mutex // held while a piece is made, so that all answers of a kind together take one core
	Conn    net.Conn
	Pace    Pace
	Release func() // is called once, when the answer is over
}

// SupportsBodyWriteTo tells fasthttp to use WriteTo.
func (b *Body) SupportsBodyWriteTo() bool { return true }

// Read is never called.
func (b *Body) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Close ends the answer, whether it was written or not.
func (b *Body) Close() error {
	b.Release()
	return nil
}

// Paced returns a writer to the client.
func (b *Body) Paced(w io.Writer) io.Writer { return b.Pace.Writer(b.Conn, w) }

// Answer is the body of an answer that is made while it is written.
type Answer struct {
	Body
	Next func(piece []byte) (_ []byte, more bool) // appends the next piece, and reports whether there are more
}

// WriteTo writes the answer, and does not count what it wrote. After each piece it lets others run first: a ping has
// more than one goroutine to pass, and should not wait for a piece at each.
func (a *Answer) WriteTo(w io.Writer) (int64, error) {
	paced := a.Paced(w)
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
