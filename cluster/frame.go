package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Forwarding speaks frames over one connection from each follower to the leader:
// a length (4 bytes, big endian, of what follows), a type, a body. Integers in
// bodies are unsigned varints. Any number of frames may be under way.
const (
	framePropose byte = 1 // follower → leader: origin, items
	frameResults byte = 2 // leader → follower: batch index, answers
	frameAlive   byte = 3 // leader → follower: still at it; no body
)

const (
	maxFrame      = 4 << 20 // bytes after the length
	maxFrameItems = 4096
	maxCommand    = 1 << 20 // bytes of one command
)

var errFrame = errors.New("malformed frame on a forwarding connection")

// proposal is a propose frame: what one node's one start wants committed.
type proposal struct {
	origin fsm.Origin
	items  []proposals.Item
}

// results is a results frame. index is the batch's log index, 0 when there was none.
type results struct {
	index   uint64
	answers []proposals.ItemResult
}

// appendFrame appends what body writes as one frame of type kind.
func appendFrame(dst []byte, kind byte, body func([]byte) []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, kind)
	if body != nil {
		dst = body(dst)
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func (p *proposal) append(dst []byte) []byte {
	dst = append(dst, p.origin.Node[:]...)
	dst = binary.AppendUvarint(dst, p.origin.Boot)
	dst = binary.AppendUvarint(dst, p.origin.Floor)
	dst = binary.AppendUvarint(dst, uint64(len(p.items)))
	for _, it := range p.items {
		dst = binary.AppendUvarint(dst, it.Seq)
		dst = appendBytes(dst, it.Cmd)
	}
	return dst
}

func (r *results) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, r.index)
	dst = binary.AppendUvarint(dst, uint64(len(r.answers)))
	for _, a := range r.answers {
		dst = binary.AppendUvarint(dst, a.Seq)
		dst = append(dst, byte(a.Code))
		dst = appendBytes(dst, a.Data)
	}
	return dst
}

// readFrame reads one frame. The body is the caller's, and nobody writes it again.
func readFrame(r io.Reader) (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 1 || n > maxFrame {
		return 0, nil, fmt.Errorf("%w: length %d", errFrame, n)
	}
	body = make([]byte, n-1)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, err
	}
	return head[4], body, nil
}

// decodeProposal returns items whose commands share b.
func decodeProposal(b []byte) (*proposal, error) {
	d := decoder{rest: b}
	p := new(proposal)
	copy(p.origin.Node[:], d.take(len(p.origin.Node)))
	p.origin.Boot = d.uint()
	p.origin.Floor = d.uint()
	n := d.count(2)
	p.items = make([]proposals.Item, n)
	for i := range p.items {
		p.items[i] = proposals.Item{Seq: d.uint(), Cmd: d.bytes(maxCommand)}
	}
	return p, d.end()
}

// decodeResults returns answers whose data share b.
func decodeResults(b []byte) (*results, error) {
	d := decoder{rest: b}
	r := new(results)
	r.index = d.uint()
	n := d.count(3)
	r.answers = make([]proposals.ItemResult, n)
	for i := range r.answers {
		r.answers[i].Seq = d.uint()
		if c := d.take(1); c != nil {
			r.answers[i].Code = fsm.Code(c[0])
		}
		r.answers[i].Data = d.bytes(maxFrame)
	}
	return r, d.end()
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// decoder reads a body; after the first fault everything it returns is zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad = true
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uint() uint64 {
	if d.bad {
		return 0
	}
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads the number of items that follow, each of at least size bytes: so a
// short frame cannot ask for a large slice.
func (d *decoder) count(size int) int {
	n := d.uint()
	if n > maxFrameItems || n > uint64(len(d.rest)/size) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) bytes(limit uint64) []byte {
	n := d.uint()
	if n > limit || n > uint64(len(d.rest)) {
		d.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	return d.take(int(n))
}

func (d *decoder) end() error {
	if d.bad || len(d.rest) != 0 {
		return errFrame
	}
	return nil
}
