package forward

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Forwarding speaks frames over one connection from each follower to the leader:
// a length (4 bytes, big endian, of what follows), a type, a body. Integers in
// bodies are unsigned varints. Any number of frames may be under way.
const (
	framePropose byte = 1 // follower → leader: a request: origin, items
	frameResults byte = 2 // leader → follower: batch index, results
	frameAlive   byte = 3 // leader → follower: it still works on it; no body
)

const (
	frameHead     = 5       // bytes of length and type
	maxFrame      = 4 << 20 // bytes after the length
	maxFrameItems = 4096

	// MaxCommand is how many bytes one command may have.
	MaxCommand = 1 << 20
)

var errMalformed = errors.New("malformed frame on a forwarding connection")

// beginFrame appends the head of a frame; endFrame fills in the length.
func beginFrame(dst []byte, kind byte) (out []byte, start int) {
	return append(dst, 0, 0, 0, 0, kind), len(dst)
}

func endFrame(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// appendPropose appends a propose frame.
func appendPropose(dst []byte, p *commit.Request) []byte {
	dst, start := beginFrame(dst, framePropose)
	dst = append(dst, p.Origin.Node[:]...)
	dst = wire.AppendUint(dst, p.Origin.Boot)
	dst = wire.AppendUint(dst, p.Origin.Floor)
	dst = wire.AppendUint(dst, uint64(len(p.Items)))
	for _, it := range p.Items {
		dst = wire.AppendUint(dst, it.Seq)
		dst = wire.AppendBytes(dst, it.Cmd)
	}
	return endFrame(dst, start)
}

// appendResults appends a results frame.
func appendResults(dst []byte, r *commit.Results) []byte {
	dst, start := beginFrame(dst, frameResults)
	dst = wire.AppendUint(dst, r.Index)
	dst = wire.AppendUint(dst, uint64(len(r.Items)))
	for _, a := range r.Items {
		dst = wire.AppendUint(dst, a.Seq)
		dst = append(dst, byte(a.Code))
		dst = wire.AppendBytes(dst, a.Data)
	}
	return endFrame(dst, start)
}

// appendAlive appends an alive frame.
func appendAlive(dst []byte) []byte { return endFrame(beginFrame(dst, frameAlive)) }

// readFrame reads one frame. The body is the caller's, and nobody writes it again.
func readFrame(r io.Reader) (kind byte, body []byte, err error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 1 || n > maxFrame {
		return 0, nil, fmt.Errorf("%w: length %d", errMalformed, n)
	}
	body = make([]byte, n-1)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, err
	}
	return head[4], body, nil
}

// decodePropose returns items whose commands share b.
func decodePropose(b []byte) (*commit.Request, error) {
	r := wire.NewReader(b)
	p := new(commit.Request)
	r.Fill(p.Origin.Node[:])
	p.Origin.Boot = r.Uint()
	p.Origin.Floor = r.Uint()
	p.Items = make([]proposals.Item, r.CountOf(2, maxFrameItems))
	for i := range p.Items {
		p.Items[i] = proposals.Item{Seq: r.Uint(), Cmd: r.Bytes(MaxCommand)}
	}
	return p, endOfFrame(&r)
}

// decodeResults returns results whose data share b.
func decodeResults(b []byte) (*commit.Results, error) {
	r := wire.NewReader(b)
	res := new(commit.Results)
	res.Index = r.Uint()
	res.Items = make([]proposals.ItemResult, r.CountOf(3, maxFrameItems))
	for i := range res.Items {
		res.Items[i] = proposals.ItemResult{Seq: r.Uint(), Code: fsm.Code(r.Byte()), Data: r.Bytes(maxFrame)}
	}
	return res, endOfFrame(&r)
}

func endOfFrame(r *wire.Reader) error {
	if r.End() != nil {
		return errMalformed
	}
	return nil
}
