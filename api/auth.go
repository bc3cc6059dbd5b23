package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func hashKey(key []byte) [32]byte { return sha256.Sum256(key) }

func (s *Server) isConfigured(hash [32]byte) bool {
	admin := s.secrets.admin.Load()
	return admin != nil && subtle.ConstantTimeCompare(hash[:], admin[:]) == 1
}

// mayCall reports whether a request's key has a scope that allows what needs another one,
// as far as this node knows.
func (s *Server) mayCall(h *fasthttp.RequestHeader, needed string) bool {
	key, ok := request.Key(h)
	return ok && fsm.ScopeAllows(s.scopeOf(hashKey(key)), needed)
}

// scopeOf is the scope of the key with a SHA-256, as far as this node knows; "" if it does
// not know it.
func (s *Server) scopeOf(hash [32]byte) string {
	if s.isConfigured(hash) {
		return fsm.ScopeAdmin
	}
	k, _ := s.store.KeyByHash(hash)
	return k.Scope
}

// authorize lets keys through whose scope allows what needs another one.
func (s *Server) authorize(ctx *fasthttp.RequestCtx, needed string) error {
	key, ok := request.Key(&ctx.Request.Header)
	if !ok {
		return s.denied(ctx, limits.NoKey, errNoKey)
	}
	return s.authorizeHash(ctx, hashKey(key), needed)
}

// authorizeHash lets the key with a SHA-256 through if its scope allows what needs another
// one.
func (s *Server) authorizeHash(ctx *fasthttp.RequestCtx, hash [32]byte, needed string) error {
	if s.isConfigured(hash) {
		setScope(ctx, fsm.ScopeAdmin)
		return nil
	}
	k, ok := s.store.KeyByHash(hash)
	if !ok {
		known, err := s.findAfterBarrier(ctx, readLimit, limits.FailedLogin, func() bool {
			k, ok = s.store.KeyByHash(hash)
			return ok
		})
		switch {
		case err != nil:
			return err
		case !known:
			return s.denied(ctx, limits.UnknownKey, errUnknown)
		}
	}
	if !fsm.ScopeAllows(k.Scope, needed) {
		return s.denied(ctx, limits.WrongScope, scopeError(k.Scope, needed))
	}
	setScope(ctx, k.Scope)
	s.setCaller(ctx, k.ID)
	return nil
}

// denied counts a failed login.
func (s *Server) denied(ctx *fasthttp.RequestCtx, reason string, err error) error {
	s.logins.Fail(reason, s.remote(ctx))
	return err
}

// Revoking a key is final: once it is acknowledged, no node takes a write with the key,
// and none answers a linearizable read. A node may lag, or be cut off, so the key that
// it finds in its own store opens the door only. A write names the key and is refused
// where it is applied; a read looks at the key again behind its barrier.

// lastWord is how long a node that hears from no leader answers, from what it has, to a
// key of the cluster. Nobody can tell it that the key was revoked.
const lastWord = 10 * time.Second

var (
	errRevoked = request.NewProblem(401, "unauthorized", "the API key was revoked")
	errCutOff  = &request.Problem{Status: 503, Code: "no_leader", Words: "this node has heard from no leader for 10 s, so it cannot know whether this API key still stands: ask another node, or use the admin key of this node's settings", Retry: "1"}
)

const (
	callerKey = "caller" // of a request's user values
	scopeKey  = "scope"  // of the same
)

// setScope notes the scope of the key that a request came with.
func setScope(ctx *fasthttp.RequestCtx, scope string) { ctx.SetUserValue(scopeKey, scope) }

// seesSecrets reports whether the key that a request came with may see what lets others do
// something: the tokens of heartbeats.
func seesSecrets(ctx *fasthttp.RequestCtx) bool {
	scope, _ := ctx.UserValue(scopeKey).(string)
	return fsm.ScopeAllows(scope, fsm.ScopeWrite)
}

// setCaller notes the key of the cluster that a request came with.
func (s *Server) setCaller(ctx *fasthttp.RequestCtx, key fsm.KeyID) {
	ctx.SetUserValue(callerKey, key)
	s.logins.Use(key, time.Now())
}

// caller is the key of the cluster that a request came with. A request with the admin
// key of the settings has none: that key is no matter of the cluster's.
func caller(ctx *fasthttp.RequestCtx) (key fsm.KeyID, ofCluster bool) {
	key, ofCluster = ctx.UserValue(callerKey).(fsm.KeyID)
	return key, ofCluster
}

// propose commits a command on behalf of a request's caller.
func (s *Server) propose(ctx *fasthttp.RequestCtx, cmd fsm.Command) (fsm.Result, error) {
	if err := s.checkChannel(cmd); err != nil {
		return fsm.Result{}, err
	}
	asked := signed(cmd)
	if key, ok := caller(ctx); ok {
		asked = fsm.Authorized{Key: key, Command: cmd}
	}
	res, err := s.proposeUntil(time.Now().Add(commandLimit), asked)
	if errors.Is(err, fsm.ErrRevoked) {
		return res, s.denied(ctx, limits.RevokedKey, errRevoked)
	}
	if err == nil {
		s.tellHours(cmd)
	}
	return res, err
}

// signed says of a command about an incident that the admin key of this node's settings sent it,
// which the state does not know, if it names nobody.
func signed(cmd fsm.Command) fsm.Command {
	switch c := cmd.(type) {
	case fsm.AckIncident:
		c.By = cmp.Or(c.By, settingsKey)
		return c
	case fsm.SnoozeIncident:
		c.By = cmp.Or(c.By, settingsKey)
		return c
	case fsm.UnackIncident:
		c.By = cmp.Or(c.By, settingsKey)
		return c
	}
	return cmd
}

// settingsKey is the name of the admin key of a node's settings.
const settingsKey = "admin key of the settings"

// proposeUntil commits a command before a deadline.
func (s *Server) proposeUntil(deadline time.Time, cmd fsm.Command) (fsm.Result, error) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	return s.cluster.Propose(ctx, cmd)
}

// barrier makes what follows linearizable, and asks then whether the caller's key still
// stands.
func (s *Server) barrier(ctx *fasthttp.RequestCtx) error {
	if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
		return err
	}
	return s.requireKey(ctx)
}

// requireKey refuses a caller whose key this node knows to be revoked.
func (s *Server) requireKey(ctx *fasthttp.RequestCtx) error {
	if key, ok := caller(ctx); ok && !s.store.HasKey(key) {
		return s.denied(ctx, limits.RevokedKey, errRevoked)
	}
	return nil
}

// requireRecentLeader refuses a key of the cluster if this node has heard from no leader for
// lastWord. It is for answers of this node alone.
func (s *Server) requireRecentLeader(ctx *fasthttp.RequestCtx) error {
	if _, ok := caller(ctx); ok && !s.hasRecentLeader() {
		return errCutOff
	}
	return nil
}

func (s *Server) hasRecentLeader() bool {
	since, ever := s.cluster.Status().sinceLeader()
	return ever && since <= lastWord
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

// findAfterBarrier waits, for a caller that names what this node does not know, until the node
// has all that was acknowledged, and reports whether it is known then. It is only for
// requests that fail otherwise.
func (s *Server) findAfterBarrier(ctx *fasthttp.RequestCtx, limit time.Duration, reason string, known func() bool) (bool, error) {
	guesser, counts := s.guesser(ctx)
	if counts {
		if err := s.limits.Guess(guesser, reason); err != nil {
			return false, err
		}
	}
	err := withTimeout(limit, s.cluster.PacedReadBarrier)
	found := err == nil && known()
	if counts && (found || err != nil) { // it was no guess, or nobody knows
		s.limits.TakeBackGuess(guesser)
	}
	return found, err
}

// guesser is the address whose guesses count together: of IPv6 the /64, which is one
// customer's. It is false for addresses behind which many clients may be: trusted
// proxies, and loopback as long as no proxy is declared, for then a proxy on the same
// machine is the commonest cause.
func (s *Server) guesser(ctx *fasthttp.RequestCtx) (netip.Addr, bool) {
	a := s.remote(ctx)
	if !a.IsValid() || s.proxies.Trusts(a) || len(s.proxies) == 0 && a.IsLoopback() {
		return a, false
	}
	if a.Is6() {
		network, _ := a.Prefix(64)
		a = network.Addr()
	}
	return a, true
}

// fresh makes a read linearizable, unless the client asks for what this node has.
func (s *Server) fresh(ctx *fasthttp.RequestCtx) error {
	switch mode := string(ctx.QueryArgs().Peek("consistency")); mode {
	case "stale":
		return s.requireRecentLeader(ctx)
	case "", "linearizable":
		return s.barrier(ctx)
	default:
		return badRequest(fmt.Sprintf("consistency is %.40q; it must be linearizable or stale", mode))
	}
}
