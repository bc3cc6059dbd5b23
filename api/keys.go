package api

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

type keyJSON struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Scope     string  `json:"scope"`
	Key       string  `json:"key,omitempty"` // in the answer to its creation only
	CreatedAt *string `json:"created_at"`
}

func (s *Server) listKeys(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	out := struct {
		Keys []keyJSON `json:"keys"`
	}{Keys: []keyJSON{}}
	for _, k := range s.store.Keys() {
		out.Keys = append(out.Keys, keyJSON{ID: k.ID.String(), Name: k.Name, Scope: k.Scope, CreatedAt: stamp(k.CreatedAt)})
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

func (s *Server) createKey(ctx *fasthttp.RequestCtx, _ []string) error {
	body := struct {
		Name  string `json:"name"`
		Scope string `json:"scope"`
	}{Scope: fsm.ScopeAdmin}
	if err := decode(ctx, &body); err != nil {
		return err
	}
	if err := fsm.ValidateKeyName(body.Name); err != nil {
		return err
	}
	if body.Scope != fsm.ScopeAdmin && body.Scope != fsm.ScopePing {
		return badRequest(fmt.Sprintf("scope is %.40q; it must be %s or %s", body.Scope, fsm.ScopeAdmin, fsm.ScopePing))
	}
	key := newKey(body.Scope)
	c := fsm.PutKey{Name: body.Name, Scope: body.Scope, Hash: hashKey([]byte(key))}
	rand.Read(c.ID[:])
	if _, err := s.propose(ctx, c); err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusCreated, keyJSON{
		ID: c.ID.String(), Name: c.Name, Scope: c.Scope, Key: key, CreatedAt: stamp(s.createdAt(c.ID)),
	})
}

// newKey makes a key of 256 random bits. One that may only ping stands in URLs and
// has 114: with its prefix it is as long as a ping key of Healthchecks, for clients
// that look at that, and does not begin with a dash, for those on a command line.
func newKey(scope string) string {
	var secret [32]byte
	rand.Read(secret[:])
	key := "qb_" + base64.RawURLEncoding.EncodeToString(secret[:])
	if scope == fsm.ScopePing {
		const theirs = 22
		key = key[:theirs]
	}
	return key
}

// createdAt is the stamp of a new key, as the state has it once it is here.
func (s *Server) createdAt(id fsm.KeyID) time.Time {
	if limited(readLimit, s.cluster.ReadBarrier) == nil {
		for _, k := range s.store.Keys() {
			if k.ID == id {
				return k.CreatedAt
			}
		}
	}
	return time.Now()
}

func (s *Server) deleteKey(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := fsm.ParseKeyID(args[0])
	if err != nil {
		return errNotFound
	}
	return s.commitNoContent(ctx, fsm.DeleteKey{ID: id})
}
