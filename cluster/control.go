package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	controlLimit = 10 * time.Second // for one question and its answer
	maxControl   = 64 << 10         // bytes of either
)

// The questions that nodes ask each other beside Raft and forwarding.
const (
	askInfo    = "info"    // who are you, and how far?
	askPromise = "promise" // will you begin a cluster with me?
	askRemove  = "remove"  // leader: take a node out
	askBarred  = "barred"  // you were removed: a notice
	askHeld    = "held"    // could you take pings all the time since the last batch?
)

type controlRequest struct {
	Op      string     `json:"op"`
	Asker   fsm.NodeID `json:"asker"`
	Cluster fsm.NodeID `json:"cluster"`
	Node    string     `json:"node,omitempty"`
}

type controlAnswer struct {
	Code    fsm.Code   `json:"code"`
	Words   string     `json:"words,omitempty"`
	Node    fsm.NodeID `json:"node"`
	Cluster fsm.NodeID `json:"cluster"`
	Fresh   bool       `json:"fresh"`
	Applied uint64     `json:"applied"`
	Held    bool       `json:"held,omitempty"`
	Quiet   int64      `json:"quiet_ms,omitempty"` // since the last batch; negative: unknown
}

// err returns what went wrong, with the other node's words.
func (a controlAnswer) err() error {
	if a.Code == fsm.CodeOK {
		return nil
	}
	if err := a.Code.Err(); err != nil && a.Words != "" {
		return fmt.Errorf("%s (%w)", a.Words, err)
	}
	return a.Code.Err()
}

// controlServer answers questions; each has its own connection.
type controlServer struct {
	answer func(context.Context, controlRequest) controlAnswer
}

func (s *controlServer) serve(ctx context.Context, l net.Listener) {
	var running sync.WaitGroup
	defer running.Wait()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		running.Go(func() { s.handle(ctx, conn) })
	}
}

func (s *controlServer) handle(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, controlLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	req, err := decodeControl[controlRequest](conn)
	if err != nil {
		return
	}
	json.NewEncoder(conn).Encode(s.answer(ctx, req))
}

// decodeControl reads one bounded JSON value.
func decodeControl[T any](r io.Reader) (v T, err error) {
	dec := json.NewDecoder(io.LimitReader(r, maxControl))
	dec.DisallowUnknownFields()
	err = dec.Decode(&v)
	return v, err
}

// ask puts a question to another node. The error tells of the connection; see
// controlAnswer.err for the answer.
func (m *mux) ask(ctx context.Context, addr string, req controlRequest) (controlAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, controlLimit)
	defer cancel()
	conn, err := m.dial(ctx, addr, connControl)
	if err != nil {
		return controlAnswer{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return controlAnswer{}, err
	}
	return decodeControl[controlAnswer](conn)
}
