package wrap

import (
	"slices"
	"sync"
	"unicode/utf8"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// tail keeps the last bytes of what is added to it.
type tail struct {
	mu  sync.Mutex
	buf []byte // at most twice as much as is kept
	cut bool   // something is gone
}

const keptTail = heartbeat.MaxBody

func (t *tail) add(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(b) > keptTail {
		t.buf, t.cut = t.buf[:0], true
		b = b[len(b)-keptTail:]
	}
	if len(t.buf)+len(b) > 2*keptTail {
		t.buf, t.cut = append(t.buf[:0], t.buf[len(t.buf)-keptTail:]...), true
	}
	t.buf = append(t.buf, b...)
}

// text is the tail, without the rest of a character whose beginning is cut off.
func (t *tail) text() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	cut := t.cut || len(t.buf) > keptTail
	b := slices.Clone(t.buf[max(0, len(t.buf)-keptTail):])
	for i := 0; cut && i < min(len(b), utf8.UTFMax); i++ {
		if utf8.RuneStart(b[i]) {
			return b[i:]
		}
	}
	return b // whole, or no UTF-8 at all
}
