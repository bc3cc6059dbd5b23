package table

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Cold are the fields of a heartbeat that edits change. A page keeps them encoded, as
// text, and a Record has them decoded.
type Cold struct {
	ID      fsm.HeartbeatID
	Token   fsm.Token
	Spec    fsm.Spec
	Created int64 // wall
	Updated int64 // wall
	Version uint64
	Maker   fsm.KeyID // the key that created the heartbeat; zero: the admin key
}

// AppendText appends the cold fields, but for those of which Hot holds a short form.
func (c *Cold) AppendText(dst []byte) []byte {
	dst = wire.AppendInt(append(dst, c.ID[:]...), c.Created)
	dst = binary.AppendUvarint(wire.AppendInt(dst, c.Updated-c.Created), c.Version)
	dst = wire.AppendString(wire.AppendString(dst, c.Spec.Name), c.Spec.Slug)
	dst = wire.AppendStrings(wire.AppendStrings(dst, c.Spec.Tags), c.Spec.Emails)
	if c.Maker != (fsm.KeyID{}) {
		dst = append(dst, c.Maker[:]...)
	}
	return dst
}

// coldReader reads the text of cold fields. The strings that it returns are parts of one.
type coldReader struct {
	wire.Reader
	whole string
}

func (r *coldReader) String() string {
	n := r.Uint()
	at := len(r.whole) - r.Len()
	if r.Take(n); !r.OK() {
		return ""
	}
	return r.whole[at : at+int(n)]
}

func (r *coldReader) Strings() []string {
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

// Decode is the inverse of AppendText.
func (c *Cold) Decode(b []byte) error {
	r := coldReader{wire.NewReader(b), string(b)}
	r.Fill(c.ID[:])
	c.Created = r.Int()
	c.Updated, c.Version = c.Created+r.Int(), r.Uint()
	c.Spec.Name, c.Spec.Slug = r.String(), r.String()
	c.Spec.Tags, c.Spec.Emails = r.Strings(), r.Strings()
	if r.Len() > 0 {
		r.Fill(c.Maker[:])
	}
	return r.End()
}

// setCold sets the short forms that Hot holds of cold fields.
func (v *Hot) setCold(c *Cold) {
	v.Token = c.Token
	v.IntervalSecs, v.GraceSecs = uint32(c.Spec.Interval), uint32(c.Spec.Grace)
	v.Threshold = uint8(c.Spec.Threshold)
	v.Clear(FirstPing | OnlyPost | Checked | Scheduled)
	if len(c.Spec.Schedule) > 0 {
		v.Set(Scheduled)
	}
	if len(c.Spec.Checks) > 0 {
		v.Set(Checked)
	}
	if c.Spec.Arm == fsm.ArmFirstPing {
		v.Set(FirstPing)
	}
	if len(c.Spec.Methods) > 0 {
		v.Set(OnlyPost)
	}
}

// FillFrom is the inverse of setCold.
func (c *Cold) FillFrom(v *Hot) {
	c.Token = v.Token
	c.Spec.Interval, c.Spec.Grace = int64(v.IntervalSecs), int64(v.GraceSecs)
	c.Spec.Threshold, c.Spec.Arm = int(v.Threshold), fsm.ArmCreated
	if v.Is(FirstPing) {
		c.Spec.Arm = fsm.ArmFirstPing
	}
	if v.Is(OnlyPost) {
		c.Spec.Methods = fsm.MethodsPost
	}
}
