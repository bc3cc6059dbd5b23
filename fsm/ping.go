package fsm

import (
	"encoding/binary"
	"net/netip"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Token is a heartbeat's ping credential, a random UUID (version 4).
type Token [16]byte

func (t Token) String() string { return formatUUID(t) }

// ParseToken reads a UUID in its canonical 36-character form, in either case.
// It does not allocate, and accepts bytes so that a request's path need not be
// copied.
func ParseToken[T string | []byte](s T) (Token, error) {
	var t Token
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return t, errID
	}
	var bad byte
	for i, at := range uuidPairs {
		hi, lo := nibbles[s[at]], nibbles[s[at+1]]
		bad |= hi | lo
		t[i] = hi<<4 | lo
	}
	if bad == noNibble {
		return Token{}, errID
	}
	return t, nil
}

// Ping records a good run of a heartbeat that the accepting node has looked
// up: ordinals are the same on every node and never used again, and take less room
// in the log than a token. Result: CodeOK, CodePaused or CodeNotFound.
type Ping struct {
	Ordinal uint64
	From    netip.Addr // who called; the zero Addr when unknown
}

func (Ping) Kind() Kind { return KindPing }

// AppendPing is AppendCommand of a Ping that need not become a Command
// first, which would allocate.
func AppendPing(dst []byte, p Ping) []byte {
	return appendPing(append(dst, byte(KindPing)), p)
}

func appendPing(dst []byte, p Ping) []byte {
	return wire.AppendAddr(binary.AppendUvarint(dst, p.Ordinal), p.From)
}

// DecodePing reads a Ping without allocating; false for any other command.
func DecodePing(b []byte) (Ping, bool) {
	if len(b) == 0 || Kind(b[0]) != KindPing {
		return Ping{}, false
	}
	r := reader{Reader: wire.NewReader(b[1:])}
	p := r.ping()
	return p, r.End() == nil
}

func (r *reader) ping() Ping { return Ping{Ordinal: r.Uint(), From: r.Addr()} }
