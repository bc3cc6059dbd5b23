package api

import (
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Revoking a key is final: once it is acknowledged, no node takes a write with the key,
// and none answers a linearizable read. A node may lag, or be cut off, so the key that
// it finds in its own store opens the door only. A write names the key and is refused
// where it is applied; a read looks at the key again behind its barrier.

// lastWord is how long a node that hears from no leader answers, from what it has, to a
// key of the cluster. Nobody can tell it that the key was revoked.
const lastWord = 10 * time.Second

var (
	errRevoked = &httpError{problem{401, "unauthorized", "the API key was revoked", ""}}
	errCutOff  = &httpError{problem{503, "no_leader", "this node has heard from no leader for 10 s, so it cannot know whether this API key still stands: ask another node, or use the admin key of this node's settings", "1"}}
)

const callerKey = "caller" // of a request's user values

// setCaller notes the key of the cluster that a request came with.
func setCaller(ctx *fasthttp.RequestCtx, key fsm.KeyID) { ctx.SetUserValue(callerKey, key) }

// caller is the key of the cluster that a request came with. A request with the admin
// key of the settings has none: that key is no matter of the cluster's.
func caller(ctx *fasthttp.RequestCtx) (key fsm.KeyID, ofCluster bool) {
	key, ofCluster = ctx.UserValue(callerKey).(fsm.KeyID)
	return key, ofCluster
}

// propose commits a command on behalf of a request's caller.
func (s *Server) propose(ctx *fasthttp.RequestCtx, cmd fsm.Command) (fsm.Result, error) {
	if key, ok := caller(ctx); ok {
		cmd = fsm.Authorized{Key: key, Command: cmd}
	}
	res, err := s.cluster.Propose(within(commandLimit), cmd)
	if errors.Is(err, fsm.ErrRevoked) {
		return res, s.denied(ctx, loginRevoked, errRevoked)
	}
	return res, err
}

// barrier makes what follows linearizable, and asks then whether the caller's key still
// stands.
func (s *Server) barrier(ctx *fasthttp.RequestCtx) error {
	if err := limited(readLimit, s.cluster.ReadBarrier); err != nil {
		return err
	}
	if key, ok := caller(ctx); ok && !s.store.HasKey(key) {
		return s.denied(ctx, loginRevoked, errRevoked)
	}
	return nil
}

// lastWordHolds is for answers of this node alone.
func (s *Server) lastWordHolds(ctx *fasthttp.RequestCtx) error {
	if _, ok := caller(ctx); !ok {
		return nil
	}
	if since, ever := s.cluster.Status().sinceLeader(); !ever || since > lastWord {
		return errCutOff
	}
	return nil
}

// sinceLeader is how long ago the answering node heard from the leader; false if it
// never did.
func (c ClusterStatus) sinceLeader() (since time.Duration, ever bool) {
	for _, n := range c.Nodes {
		if n.AppliedIndex > 0 {
			return n.LastContact, n.LastContact >= 0
		}
	}
	return 0, false
}
