package api

import (
	"cmp"
	"encoding/json"
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/api/events"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	maxStreams     = 64  // of programs, on a node
	maxPageStreams = 256 // of the dashboard; a page beyond that asks every few seconds instead
)

func (s *Server) newStreams(kind string, most int) (*events.Streams, error) {
	return events.NewStreams(events.Options{Kind: kind, Most: most, Ending: s.ending, Gone: deferred.Gone, Registry: s.cfg.Registry, Log: s.log})
}

// streamEvents answers with the stream of what changes in the lists.
func (s *Server) streamEvents(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil { // so that an ID that is not behind this node's state is of another history
		return err
	}
	args := ctx.QueryArgs()
	lastID := cmp.Or(string(ctx.Request.Header.Peek("Last-Event-ID")), string(args.Peek("last_event_id")))
	show := s.streamedHeartbeat(ctx)
	feed := s.feeds.Feed(lastID, string(args.Peek("tag")), show)
	key, _ := request.Key(&ctx.Request.Header)
	hash := hashKey(key)
	err := s.streams.Serve(ctx, events.Stream{
		Tell: feed.Tell, Alive: feed.Alive, Wake: feed.Wake,
		Stands: func() (string, bool) {
			p, ok := s.mayListen(hash)
			last, _ := json.Marshal(map[string]string{"error": p.Words, "code": p.Code})
			return string(last), ok
		},
	})
	if errors.Is(err, events.ErrBusy) {
		return errStreams
	}
	return err
}

// mayListen reports whether the key that a stream was opened with still stands, as far as
// this node can know.
func (s *Server) mayListen(hash [32]byte) (why request.Problem, ok bool) {
	switch {
	case s.isConfigured(hash):
		return why, true
	case !fsm.ScopeAllows(s.scopeOf(hash), reads):
		return *errRevoked, false
	case !s.hasRecentLeader():
		return *errCutOff, false
	}
	return why, true
}

// streamedHeartbeat makes the JSON of heartbeats for a client that outlives its request.
func (s *Server) streamedHeartbeat(ctx *fasthttp.RequestCtx) func(fsm.Heartbeat) any {
	as := s.viewer(ctx)
	return func(h fsm.Heartbeat) any { return s.heartbeatToJSON(as, h) }
}

// streamedNodes are the nodes without what changes all the time.
func (s *Server) streamedNodes() (out []events.Node) {
	for _, n := range s.cluster.Status().Nodes {
		n.AppliedIndex, n.Surveyed = 0, false
		out = append(out, events.Node{ID: n.ID.String(), JSON: nodeToJSON(n)})
	}
	return out
}
