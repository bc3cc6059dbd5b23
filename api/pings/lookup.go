package pings

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// target is whose a ping is.
type target struct {
	ordinal uint64 // 0: of a heartbeat that is to be made
	key     fsm.KeyID
	keyed   bool // the heartbeat was named by a key and its slug
}

// by wraps a command in the key that named the target.
func (t target) by(cmd fsm.Command) fsm.Command {
	if t.keyed {
		return fsm.Authorized{Key: t.key, Command: cmd}
	}
	return cmd
}

// whose returns the heartbeat that is addressed.
func (p *Pings) whose(ctx *fasthttp.RequestCtx, a *address, now time.Time) (t target, err error) {
	if a.slug == nil {
		t.ordinal, err = p.byToken(ctx, a.token)
		return t, err
	}
	create := string(ctx.QueryArgs().Peek("create")) == "1"
	return p.bySlug(ctx, a, create, now)
}

// byToken looks a token up in this node's index, and allocates nothing if it is there.
func (p *Pings) byToken(ctx *fasthttp.RequestCtx, t fsm.Token) (ordinal uint64, err error) {
	if ordinal, ok := p.store.Ordinal(t); ok {
		return ordinal, nil
	}
	return p.byTokenAfterBarrier(ctx, t)
}

func (p *Pings) byTokenAfterBarrier(ctx *fasthttp.RequestCtx, t fsm.Token) (ordinal uint64, err error) {
	known, err := p.server.FindAfterBarrier(ctx, Limit, limits.UnknownToken, func() (ok bool) {
		ordinal, ok = p.store.Ordinal(t)
		return ok
	})
	if err == nil && !known {
		err = request.ErrNotFound
	}
	return ordinal, err
}

// bySlug is for keys of scope ping alone: what stands in a URL gets into logs, and
// a key of scope admin should not. A token is one heartbeat's for ever, but a slug
// may have moved, or have become another's as well: so this asks the cluster before
// it says anything, and shares that with others if the key may be a guess.
func (p *Pings) bySlug(ctx *fasthttp.RequestCtx, a *address, create bool, now time.Time) (t target, err error) {
	hash := sha256.Sum256(a.key)
	if _, known := p.pingKey(hash); known {
		err = p.barrier(now.Add(Limit))
	} else {
		_, err = p.server.FindAfterBarrier(ctx, Limit, limits.UnknownToken, func() bool {
			_, known := p.pingKey(hash)
			return known
		})
	}
	if err != nil {
		return t, err
	}
	var n int
	if t.key, t.keyed = p.pingKey(hash); !t.keyed {
		p.server.NoteUnknownKey(ctx)
	} else {
		p.server.NoteKey(t.key)
	}
	t.ordinal, n = p.store.Slug(string(a.slug))
	switch {
	case !t.keyed || n == 0 && !create:
		return t, request.ErrNotFound
	case n > 1:
		return t, fsm.ErrAmbiguous
	}
	return t, nil
}

func (p *Pings) barrier(deadline time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	return p.Cluster.ReadBarrier(ctx)
}

func (p *Pings) pingKey(hash [32]byte) (id fsm.KeyID, known bool) {
	k, ok := p.store.KeyByHash(hash)
	return k.ID, ok && k.Scope == fsm.ScopePing
}

// unknownIfRevoked answers with a key that was revoked meanwhile as with an unknown one.
func unknownIfRevoked(err error) error {
	if errors.Is(err, fsm.ErrRevoked) {
		return request.ErrNotFound
	}
	return err
}

// makeAndTell commits a signal for a heartbeat that is made first, of a spec.
func (p *Pings) makeAndTell(ctx *fasthttp.RequestCtx, t target, spec fsm.Spec, g *signal, now time.Time) (created bool, err error) {
	t.ordinal, created, err = p.ensure(t, spec, now)
	if err != nil {
		return false, unknownIfRevoked(err)
	}
	_, err = p.takeSignal(ctx, t, g, now)
	err = unknownIfRevoked(err)
	if err != nil && created { // the heartbeat is there: so "nothing was recorded" would be a lie
		err = fsm.ErrUnknownOutcome
	}
	return created, err
}

// ensure makes a heartbeat for a slug that has none.
func (p *Pings) ensure(t target, spec fsm.Spec, now time.Time) (ordinal uint64, created bool, err error) {
	c := fsm.Ensure{Token: fsm.Token(uuid.New()), Spec: spec}
	rand.Read(c.ID[:])
	res, err := p.server.ProposeUntil(now.Add(Limit), t.by(c))
	if err != nil {
		return 0, false, err
	}
	h, err := fsm.DecodeHeartbeat(res.Data)
	return h.Ordinal, h.ID == c.ID, err
}

// ensured is what ?create=1 makes.
func ensured(slug []byte) fsm.Spec {
	return fsm.Spec{
		Name: string(slug), Slug: string(slug),
		Interval: ensuredInterval, Grace: ensuredGrace, Threshold: fsm.DefaultThreshold, Arm: fsm.ArmCreated,
	}
}

// monitorSpec is the heartbeat that a check-in describes.
func monitorSpec(slug []byte, m *compat.Monitor) fsm.Spec {
	s := ensured(slug)
	s.Interval, s.Grace, s.Threshold = m.Interval, m.Grace, m.Threshold
	return s
}
