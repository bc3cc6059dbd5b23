package image

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// content is one of everything that an image holds.
type content struct {
	number uint64
	signed int64
	flag   bool
	text   string
	list   []string
	raw    [5]byte
	block  []byte
}

var sample = content{1 << 40, -7, true, "nightly ü", []string{"a", "", strings.Repeat("x", 300)}, [5]byte{1, 2, 3, 4, 5}, []byte("a block")}

// write writes c, and then so many fillers that the buffer is flushed in between.
func (c content) write(fillers int) []byte {
	var out bytes.Buffer
	w := NewWriter(&out)
	w.Uint(c.number)
	w.Int(c.signed)
	w.Bool(c.flag)
	w.String(c.text)
	w.Strings(c.list)
	w.Raw(c.raw[:])
	begin := w.BeginBlock()
	w.Raw(c.block)
	w.EndBlock(begin)
	w.Count(fillers)
	for range fillers {
		w.String("filler")
		w.FlushIfFull()
	}
	if n, err := w.Close(); err != nil || n != int64(out.Len()) {
		panic("the writer counts wrong, or fails")
	}
	return out.Bytes()
}

func readContent(from io.Reader) (c content, fillers int, err error) {
	r := NewReader(from)
	c.number, c.signed, c.flag, c.text, c.list = r.Uint(), r.Int(), r.Bool(), r.String(), r.Strings()
	r.Raw(c.raw[:])
	c.block = r.Block(nil)
	for range r.Count() {
		if r.String() != "filler" {
			r.Fail()
			break
		}
		fillers++
	}
	return c, fillers, r.Close()
}

func (c content) equals(o content) bool {
	return c.number == o.number && c.signed == o.signed && c.flag == o.flag && c.text == o.text &&
		slices.Equal(c.list, o.list) && c.raw == o.raw && bytes.Equal(c.block, o.block)
}

// oneByOne gives a byte a read, as a slow disk or a socket may.
type oneByOne struct{ io.Reader }

func (r oneByOne) Read(b []byte) (int, error) { return r.Reader.Read(b[:min(1, len(b))]) }

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, fillers := range []int{0, 1, 200_000} { // the last are several buffers
		image := sample.write(fillers)
		if got, n, err := readContent(bytes.NewReader(image)); err != nil || n != fillers || !got.equals(sample) {
			t.Errorf("%d fillers: %d, %v, %+v", fillers, n, err, got)
		}
	}
	if got, _, err := readContent(oneByOne{bytes.NewReader(sample.write(3))}); err != nil || !got.equals(sample) {
		t.Errorf("byte by byte: %v, %+v", err, got)
	}
}

// TestDamageIsFound cuts an image anywhere, and flips each of its bits.
func TestDamageIsFound(t *testing.T) {
	image := sample.write(2)
	for n := range image {
		if _, _, err := readContent(bytes.NewReader(image[:n])); err == nil {
			t.Errorf("cut after %d of %d bytes: not found", n, len(image))
		}
	}
	for i := range 8 * len(image) {
		bad := bytes.Clone(image)
		bad[i/8] ^= 1 << (i % 8)
		if _, _, err := readContent(bytes.NewReader(bad)); err == nil {
			t.Errorf("bit %d of byte %d: not found", i%8, i/8)
		}
	}
}

// FuzzReader reads anything: it neither panics nor takes more memory than it is given, and what it
// accepts is written the same way.
func FuzzReader(f *testing.F) {
	f.Add(sample.write(0))
	f.Add(sample.write(2))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, image []byte) {
		from := bytes.NewReader(image)
		c, fillers, err := readContent(from)
		if err != nil {
			if !errors.Is(err, wire.ErrCorrupt) {
				t.Errorf("the error is %v", err)
			}
			return
		}
		if again := c.write(fillers); !bytes.Equal(again, image) {
			t.Errorf("%x is read, and written as %x", image, again)
		}
	})
}
