package store

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// config is the part of a heartbeat that edits change. The table keeps it as
// text, and a record decodes it.
type config struct {
	id      fsm.HeartbeatID
	token   fsm.Token
	spec    fsm.Spec
	created int64 // wall
	updated int64 // wall
	version uint64
	maker   fsm.KeyID // that made it; zero: the admin key
}

// appendText writes the config but for what the vitals hold.
func (c *config) appendText(dst []byte) []byte {
	dst = wire.AppendInt(append(dst, c.id[:]...), c.created)
	dst = binary.AppendUvarint(wire.AppendInt(dst, c.updated-c.created), c.version)
	dst = wire.AppendString(wire.AppendString(dst, c.spec.Name), c.spec.Slug)
	dst = wire.AppendStrings(wire.AppendStrings(dst, c.spec.Tags), c.spec.Emails)
	if c.maker != (fsm.KeyID{}) {
		dst = append(dst, c.maker[:]...)
	}
	return dst
}

// textReader reads a config's text. Its strings are parts of one.
type textReader struct {
	wire.Reader
	whole string
}

func (r *textReader) String() string {
	n := r.Uint()
	at := len(r.whole) - r.Len()
	if r.Take(n); !r.OK() {
		return ""
	}
	return r.whole[at : at+int(n)]
}

func (r *textReader) Strings() []string {
	n := r.Count()
	if n == 0 {
		return nil
	}
	list := make([]string, 0, min(n, fsm.MaxTags))
	for ; n > 0 && r.OK(); n-- {
		list = append(list, r.String())
	}
	return list
}

// readText is the inverse of appendText.
func (c *config) readText(b []byte) error {
	r := textReader{wire.NewReader(b), string(b)}
	r.Fill(c.id[:])
	c.created = r.Int()
	c.updated, c.version = c.created+r.Int(), r.Uint()
	c.spec.Name, c.spec.Slug = r.String(), r.String()
	c.spec.Tags, c.spec.Emails = r.Strings(), r.Strings()
	if r.Len() > 0 {
		r.Fill(c.maker[:])
	}
	return r.End()
}

// set notes a config's short fields.
func (v *vitals) setConfig(c *config) {
	v.token = c.token
	v.intervalSecs, v.graceSecs = uint32(c.spec.Interval), uint32(c.spec.Grace)
	v.threshold = uint8(c.spec.Threshold)
	v.clear(flagFirstPing | flagOnlyPost)
	if c.spec.Arm == fsm.ArmFirstPing {
		v.set(flagFirstPing)
	}
	if len(c.spec.Methods) > 0 {
		v.set(flagOnlyPost)
	}
}

// fill is the inverse of setConfig.
func (c *config) fill(v *vitals) {
	c.token = v.token
	c.spec.Interval, c.spec.Grace = int64(v.intervalSecs), int64(v.graceSecs)
	c.spec.Threshold, c.spec.Arm = int(v.threshold), fsm.ArmCreated
	if v.is(flagFirstPing) {
		c.spec.Arm = fsm.ArmFirstPing
	}
	if v.is(flagOnlyPost) {
		c.spec.Methods = fsm.OnlyPost
	}
}
