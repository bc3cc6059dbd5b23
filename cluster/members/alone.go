package members

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// A node without a cluster secret cannot tell a peer from a stranger. So it is alone:
// it opens no port for others, calls nobody, and knows only itself.

// NoAddress stands in Raft's configuration for the address of a node that others cannot
// reach. When the node starts with a port, the configuration follows.
func NoAddress(id fsm.NodeID) string { return id.String() + ".invalid:1" }

// Finder tells which other nodes there are, and where.
type Finder interface {
	Start(meta Meta, foreign func(error))
	SetMeta(Meta)
	Members() []Member // this node included
	AddressOf(raft.ServerID) (string, bool)
	Addr() string                    // HOST:PORT that others find this node at, "" if they cannot
	Changed() <-chan struct{}        // has a value when the members changed
	HearingChanged() <-chan struct{} // the same, for another receiver
	SetSecrets([][]byte) error
	Leave(limit time.Duration)
	Close() error
}

// Loner is the finder of a node that is alone.
type Loner struct {
	mu sync.Mutex
	me Member
}

// NewLoner returns the finder of node id.
func NewLoner(id fsm.NodeID) *Loner { return &Loner{me: Member{ID: id}} }

func (l *Loner) Start(meta Meta, _ func(error)) { l.SetMeta(meta) }

func (l *Loner) SetMeta(meta Meta) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.me.Meta = meta
}

func (l *Loner) Members() []Member {
	l.mu.Lock()
	defer l.mu.Unlock()
	return []Member{l.me}
}

func (l *Loner) AddressOf(raft.ServerID) (string, bool) { return "", false }
func (l *Loner) Addr() string                           { return "" }
func (l *Loner) Changed() <-chan struct{}               { return nil }
func (l *Loner) HearingChanged() <-chan struct{}        { return nil }
func (l *Loner) SetSecrets([][]byte) error              { return nil }
func (l *Loner) Leave(time.Duration)                    {}
func (l *Loner) Close() error                           { return nil }
