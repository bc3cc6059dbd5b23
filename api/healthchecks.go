package api

import (
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// The ping API of Healthchecks, for jobs that speak it already: see docs/api.md.
// Its answers are plain text; which status and which words is fixed by its clients.

var (
	textOK      = []byte("OK")
	textCreated = []byte("Created")
	bodyLimit   = strconv.Itoa(fsm.MaxBody)

	errBadURL = &httpError{problem{400, "invalid_request", "invalid url format", ""}}
	errBadRun = &httpError{problem{400, "invalid_request", "invalid uuid format", ""}}
)

const (
	ensuredInterval = 86400
	ensuredGrace    = 3600
)

// healthchecksPath returns what follows /ping in a path of the ping API.
func healthchecksPath(path []byte) (rest []byte, ok bool) {
	const root = "/ping"
	if len(path) < len(root) || string(path[:len(root)]) != root || len(path) > len(root) && path[len(root)] != '/' {
		return nil, false
	}
	return path[len(root):], true
}

// healthchecks answers a request of the ping API that came at start.
func (s *Server) healthchecks(ctx *fasthttp.RequestCtx, path []byte, start time.Time) {
	const methods = "GET, HEAD, POST"
	switch string(ctx.Method()) {
	case "GET", "HEAD", "POST":
	case "OPTIONS": // a browser asks before it pings
		h := &ctx.Response.Header
		h.Set(fasthttp.HeaderAllow, methods+", OPTIONS")
		h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
		h.Set(fasthttp.HeaderAccessControlAllowMethods, methods)
		h.Set(fasthttp.HeaderAccessControlAllowHeaders, "*")
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	default:
		s.refuse(ctx, notAllowed([]string{methods, "OPTIONS"}))
		return
	}
	status := fasthttp.StatusInternalServerError // unless it gets to its end
	isDeferred := false
	defer func() {
		if !isDeferred {
			s.met.PingAnswered(status, time.Since(start))
		}
	}()
	created, isDeferred, err := s.takeHealthchecks(ctx, path, start)
	if err != nil {
		s.refuse(ctx, err)
	} else {
		accept(ctx, created)
	}
	status = ctx.Response.StatusCode()
}

func accept(ctx *fasthttp.RequestCtx, created bool) {
	h := &ctx.Response.Header
	h.SetContentType(plainText)
	h.Set("Ping-Body-Limit", bodyLimit)
	h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
	ctx.Response.SetBodyRaw(textOK)
	if created {
		ctx.SetStatusCode(fasthttp.StatusCreated)
		ctx.Response.SetBodyRaw(textCreated)
	}
}

// takeHealthchecks takes what a request tells, and reports whether it made the heartbeat, and
// whether the outcome is not known yet.
func (s *Server) takeHealthchecks(ctx *fasthttp.RequestCtx, path []byte, now time.Time) (created, isDeferred bool, err error) {
	if token, ok := plainPath(path); ok && bare(ctx, nil) {
		code, err := s.takeToken(ctx, token, nil, now, true)
		return false, err == nil && code == deferredPing, err
	}
	a, err := readAddress(path)
	if err != nil {
		return false, false, err
	}
	created, err = s.takeAddressed(ctx, &a, now)
	return created, false, err
}

// takeAddressed takes what a request tells of the heartbeat that is addressed.
func (s *Server) takeAddressed(ctx *fasthttp.RequestCtx, a *address, now time.Time) (created bool, err error) {
	ordinal, err := s.whose(ctx, a, now)
	if err != nil {
		return false, err
	}
	g := signal{kind: a.kind, exit: a.exit}
	if g.exit > fsm.MaxExit {
		return false, errBadURL
	}
	if g.run, g.hasRun, err = runArg(ctx); err != nil {
		return false, err
	}
	if g.body, err = pingBody(ctx); err != nil {
		return false, err
	}
	if !ctx.IsPost() {
		g.body = nil
	}
	g.add(compat.Params(ctx.QueryArgs().All()), a.acts)
	if told, ok := compat.Alertmanager(g.body); ok {
		g.add(told, a.acts)
	}
	if ordinal == 0 {
		return s.makeAndTell(ctx, ensured(string(a.slug)), &g, arrival(ctx, now))
	}
	_, err = s.takeSignal(ctx, ordinal, &g, arrival(ctx, now))
	return false, unknownIfRevoked(err)
}

// makeAndTell commits a signal for a heartbeat that is made first, of a spec.
func (s *Server) makeAndTell(ctx *fasthttp.RequestCtx, spec fsm.Spec, g *signal, now time.Time) (created bool, err error) {
	ordinal, created, err := s.ensure(ctx, spec, now)
	if err != nil {
		return false, unknownIfRevoked(err)
	}
	_, err = s.takeSignal(ctx, ordinal, g, now)
	err = unknownIfRevoked(err)
	if err != nil && created { // the heartbeat is there: so "nothing was recorded" would be a lie
		err = fsm.ErrUnknownOutcome
	}
	return created, err
}

// runArg reads ?rid=.
func runArg(ctx *fasthttp.RequestCtx) (run [16]byte, given bool, err error) {
	q := ctx.QueryArgs()
	if !q.Has("rid") {
		return run, false, nil
	}
	t, err := fsm.ParseToken(q.Peek("rid"))
	if err != nil {
		return run, false, errBadRun
	}
	return t, true, nil
}

// whose returns the ordinal of the heartbeat that is addressed, 0 for one that is to
// be created.
func (s *Server) whose(ctx *fasthttp.RequestCtx, a *address, now time.Time) (ordinal uint64, err error) {
	if a.slug == nil {
		return s.byToken(ctx, a.token)
	}
	create := string(ctx.QueryArgs().Peek("create")) == "1"
	return s.bySlug(ctx, hashKey(a.key), string(a.slug), create, now)
}

func (s *Server) byToken(ctx *fasthttp.RequestCtx, t fsm.Token) (ordinal uint64, err error) {
	if ordinal, ok := s.store.Ordinal(t); ok {
		return ordinal, nil
	}
	known, err := s.findAfterBarrier(ctx, commandLimit, limits.UnknownToken, func() (ok bool) {
		ordinal, ok = s.store.Ordinal(t)
		return ok
	})
	if err == nil && !known {
		err = errNotFound
	}
	return ordinal, err
}

// bySlug is for keys of scope ping alone: what stands in a URL gets into logs, and
// a key of scope admin should not. A token is one heartbeat's for ever, but a slug
// may have moved, or have become another's as well: so this asks the cluster before
// it says anything, and shares that with others if the key may be a guess.
func (s *Server) bySlug(ctx *fasthttp.RequestCtx, hash [32]byte, slug string, create bool, now time.Time) (ordinal uint64, err error) {
	if _, known := s.pingKey(hash); known {
		err = withTimeout(time.Until(now.Add(commandLimit)), s.cluster.ReadBarrier)
	} else {
		_, err = s.findAfterBarrier(ctx, commandLimit, limits.UnknownToken, func() bool {
			_, known := s.pingKey(hash)
			return known
		})
	}
	if err != nil {
		return 0, err
	}
	key, known := s.pingKey(hash)
	if !known {
		s.logins.Fail(limits.UnknownKey, s.remote(ctx))
	}
	setCaller(ctx, key)
	ordinal, n := s.store.Slug(slug)
	switch {
	case !known || n == 0 && !create:
		return 0, errNotFound
	case n > 1:
		return 0, fsm.ErrAmbiguous
	}
	return ordinal, nil
}

func (s *Server) pingKey(hash [32]byte) (id fsm.KeyID, known bool) {
	k, ok := s.store.KeyByHash(hash)
	return k.ID, ok && k.Scope == fsm.ScopePing
}

// unknownIfRevoked answers with a key that was revoked meanwhile as with an unknown one.
func unknownIfRevoked(err error) error {
	if errors.Is(err, fsm.ErrRevoked) {
		return errNotFound
	}
	return err
}

// ensured is what ?create=1 makes.
func ensured(slug string) fsm.Spec {
	interval, grace := int64(ensuredInterval), int64(ensuredGrace)
	return fields{Name: &slug, Slug: &slug, IntervalSecs: &interval, GraceSecs: &grace}.spec()
}

// ensure makes a heartbeat for a slug that has none.
func (s *Server) ensure(ctx *fasthttp.RequestCtx, spec fsm.Spec, now time.Time) (ordinal uint64, created bool, err error) {
	key, _ := caller(ctx)
	c := fsm.Ensure{Token: fsm.Token(uuid.New()), Spec: spec}
	rand.Read(c.ID[:])
	res, err := s.proposeUntil(now.Add(commandLimit), fsm.Authorized{Key: key, Command: c})
	if err != nil {
		return 0, false, err
	}
	h, err := fsm.DecodeHeartbeat(res.Data)
	return h.Ordinal, h.ID == c.ID, err
}
