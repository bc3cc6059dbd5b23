package fsm

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// HeartbeatID names a heartbeat in the API: "hb_" and 24 hex digits. It is made
// at random by the accepting node.
type HeartbeatID [12]byte

// AlertID names a row of the ledger: "al_" and 24 hex digits. It is a hash of
// what the row is about.
type AlertID [12]byte

// KeyID names an API key: "key_" and 24 hex digits.
type KeyID [12]byte

// NodeID identifies a node's data directory: a UUID.
type NodeID [16]byte

var errID = errors.New("malformed ID")

func (id HeartbeatID) String() string { return string(AppendHeartbeatID(nil, id[:])) }
func (id AlertID) String() string     { return "al_" + hex.EncodeToString(id[:]) }
func (id KeyID) String() string       { return "key_" + hex.EncodeToString(id[:]) }
func (n NodeID) String() string       { return formatUUID(n) }

// AppendHeartbeatID appends the form in which the API shows the ID of a heartbeat.
func AppendHeartbeatID(dst, id []byte) []byte { return hex.AppendEncode(append(dst, "hb_"...), id) }

// IsZero reports whether no ID was set.
func (n NodeID) IsZero() bool { return n == NodeID{} }

// ParseHeartbeatID reads the form that String writes.
func ParseHeartbeatID(s string) (HeartbeatID, error) {
	b, err := parsePrefixed(s, "hb_")
	return HeartbeatID(b), err
}

// ParseAlertID reads the form that String writes.
func ParseAlertID(s string) (AlertID, error) {
	b, err := parsePrefixed(s, "al_")
	return AlertID(b), err
}

// ParseKeyID reads the form that String writes.
func ParseKeyID(s string) (KeyID, error) {
	b, err := parsePrefixed(s, "key_")
	return KeyID(b), err
}

func parsePrefixed(s, prefix string) (out [12]byte, err error) {
	if len(s) != len(prefix)+24 || s[:len(prefix)] != prefix {
		return out, errID
	}
	for i := range out {
		hi, lo := hexValue(s[len(prefix)+2*i]), hexValue(s[len(prefix)+2*i+1])
		if hi > 15 || lo > 15 {
			return [12]byte{}, errID
		}
		out[i] = hi<<4 | lo
	}
	return out, nil
}

// uuidPairs are the places of a UUID's pairs of hex digits.
var uuidPairs = [16]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// noNibble stands in nibbles for a byte that is no hex digit.
const noNibble = 0xff

// nibbles holds the values of hex digits.
var nibbles = func() (t [256]byte) {
	for c := range t {
		t[c] = hexValue(byte(c))
	}
	return t
}()

// ParseNodeID reads a UUID in its canonical form.
func ParseNodeID(s string) (NodeID, error) {
	t, err := ParseToken(s)
	return NodeID(t), err
}

func formatUUID(u [16]byte) string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], u[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], u[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], u[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], u[10:16])
	return string(b[:])
}

// hexValue returns the value of one hex digit, or noNibble.
func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return noNibble
}

// MarshalText implements encoding.TextMarshaler.
func (n NodeID) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *NodeID) UnmarshalText(b []byte) error {
	t, err := ParseToken(b)
	*n = NodeID(t)
	return err
}

// DigestID derives a digest's ID from its recipient and members.
func DigestID(recipient string, members []AlertID) AlertID {
	h := sha256.New()
	fmt.Fprintf(h, "digest\x00%d\x00%s", len(recipient), recipient)
	for _, m := range members {
		h.Write(m[:])
	}
	return AlertID(h.Sum(nil)[:12])
}

func incidentID(hb HeartbeatID, n uint32) string {
	if hb == (HeartbeatID{}) {
		return ""
	}
	return fmt.Sprintf("in_%s_%d", hex.EncodeToString(hb[:]), n)
}

// IncidentRef names one incident: it is the Number-th of its heartbeat.
type IncidentRef struct {
	Heartbeat HeartbeatID
	Number    uint32
}

func (r IncidentRef) String() string { return incidentID(r.Heartbeat, r.Number) }

// ParseIncidentRef reads the form that String writes.
func ParseIncidentRef(s string) (IncidentRef, error) {
	var r IncidentRef
	rest, isOne := strings.CutPrefix(s, "in_")
	id, number, both := strings.Cut(rest, "_")
	b, err := hex.DecodeString(id)
	n, errNumber := strconv.ParseUint(number, 10, 32)
	if !isOne || !both || err != nil || errNumber != nil || len(b) != len(r.Heartbeat) {
		return r, errID
	}
	r = IncidentRef{HeartbeatID(b), uint32(n)}
	if r.String() != s { // one incident has one name
		return IncidentRef{}, errID
	}
	return r, nil
}

// MaxDependsOn is on how many heartbeats and tags a heartbeat may depend.
const MaxDependsOn = 20

// dependencyTag begins a dependency on a tag. No slug has a colon, so none can be mistaken
// for one.
const dependencyTag = "tag:"

// Dependency is what a heartbeat depends on: another heartbeat, or each that has a tag.
type Dependency struct {
	ID  HeartbeatID
	Tag string // "": the heartbeat of the ID
}

// ParseDependency reads the form that String writes.
func ParseDependency(s string) (Dependency, error) {
	if tag, is := strings.CutPrefix(s, dependencyTag); is {
		return Dependency{Tag: tag}, validateText("tag", tag, MaxTagLen)
	}
	id, err := ParseHeartbeatID(s)
	return Dependency{ID: id}, err
}

func (d Dependency) String() string {
	if d.Tag != "" {
		return dependencyTag + d.Tag
	}
	return d.ID.String()
}

// validateDependsOn checks what a heartbeat with some tags depends on. Whether those are there
// is no matter here: they may be deleted later as well.
func validateDependsOn(list, tags []string) error {
	if len(list) > MaxDependsOn {
		return invalidf("depends_on has %d entries; it may have %d", len(list), MaxDependsOn)
	}
	for i, s := range list {
		d, err := ParseDependency(s)
		switch {
		case d.Tag != "" && err != nil:
			return invalidf("depends_on[%d]: %v", i, err)
		case err != nil || d.String() != s:
			return invalidf("depends_on[%d] is %q; it must be a heartbeat's ID, like hb_0123456789abcdef01234567, or a tag, like tag:db", i, clipped(s))
		case slices.Contains(list[:i], s):
			return invalidf("depends_on[%d] repeats %s; each may be named once", i, s)
		case d.Tag != "" && slices.Contains(tags, d.Tag):
			return invalidf("depends_on[%d] is %s, and the heartbeat has this tag itself; it cannot depend on itself", i, s)
		}
	}
	return nil
}
