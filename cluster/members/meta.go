package members

import (
	"github.com/quorumbeat/quorumbeat/cluster/disk"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Meta is what a node tells the others of itself, in at most 512 bytes.
type Meta struct {
	ClusterID fsm.NodeID // zero while fresh
	Name      string
	HTTP      string
	Cluster   string
	Version   string
	Deaf      bool // its public listener does not answer
	Disk      disk.Level
}

// Member is a node that gossip holds for alive. This node is one, too.
type Member struct {
	Meta
	ID     fsm.NodeID
	Gossip string
}

// metaVersion begins what encode writes.
const metaVersion = 1

func (m Meta) encode() []byte {
	b := append([]byte{metaVersion}, m.ClusterID[:]...)
	for _, s := range []string{m.Name, m.HTTP, m.Cluster, m.Version[:min(len(m.Version), 40)]} {
		b = wire.AppendString(b, s)
	}
	flags := byte(m.Disk) << 1
	if m.Deaf {
		flags |= 1
	}
	if flags != 0 {
		b = append(b, flags)
	}
	return b
}

// decodeMeta reads what encode wrote. It leaves aside what a later version may add.
func decodeMeta(b []byte) (m Meta, ok bool) {
	r := wire.NewReader(b)
	version := r.Byte()
	r.Fill(m.ClusterID[:])
	for _, s := range []*string{&m.Name, &m.HTTP, &m.Cluster, &m.Version} {
		*s = r.String()
	}
	if version != metaVersion || !r.OK() {
		return Meta{}, false
	}
	if r.Len() > 0 {
		flags := r.Byte()
		m.Deaf, m.Disk = flags&1 == 1, min(disk.Level(flags>>1), disk.Empty)
	}
	return m, true
}
