package forward

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"sync"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// Server takes the followers' forwarding connections. It gives what it receives to the
// batcher and to nobody else. A node that does not lead refuses it, so that nothing is
// forwarded twice.
type Server struct {
	Submit  func(*commit.Forwarded) // takes a request; calls its Reply once
	Removed func(fsm.NodeID) bool   // whether a node was removed from the cluster
	Knows   func(cmd []byte) bool   // whether this version knows a command; nil: it knows all
	Log     *slog.Logger
}

// Serve accepts connections until ctx ends or l is closed, and returns once all
// are closed.
func (s *Server) Serve(ctx context.Context, l net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				s.Log.Debug("forwarding connections are no longer accepted", "error", err)
			}
			return
		}
		conns.Go(func() { s.handle(ctx, conn) })
	}
}

func (s *Server) handle(ctx context.Context, conn net.Conn) {
	follower := newFollowerConn(conn)
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var writer sync.WaitGroup
	writer.Go(follower.send)
	if err := s.receive(follower); err != nil {
		s.Log.Debug("forwarding connection ended", "peer", conn.RemoteAddr(), "error", err)
	}
	close(follower.ended)
	conn.Close()
	writer.Wait()
}

func (s *Server) receive(from *followerConn) error {
	r := bufio.NewReaderSize(from.conn, 64<<10)
	for {
		kind, body, err := readFrame(r)
		if err != nil {
			return err
		}
		if kind != framePropose {
			continue
		}
		p, err := decodePropose(body)
		if err != nil {
			return err
		}
		if s.Removed(p.Origin.Node) || !from.expect(len(p.Items)) {
			return errMalformed
		}
		f := &commit.Forwarded{Request: *p, Reply: from.reply}
		for i := range f.Items {
			f.Items[i].Cmd = s.known(f.Items[i].Cmd)
			f.Size += len(f.Items[i].Cmd)
		}
		s.Submit(f)
	}
}

// unknown stands for a command that this version does not know.
var unknown = fsm.AppendCommand(nil, fsm.Unknown{})

// known returns a follower's command if this version knows it. In the log, any other would
// stop every node of this version; during an upgrade that may be all but the follower.
func (s *Server) known(cmd []byte) []byte {
	if s.Knows != nil && len(cmd) > 0 && !s.Knows(cmd) {
		return unknown
	}
	return cmd
}
