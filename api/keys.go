package api

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

type keyJSON struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Scope     string  `json:"scope"`
	Key       string  `json:"key,omitempty"` // in the answer to its creation only
	CreatedAt *string `json:"created_at"`

	MaxHeartbeats int `json:"max_heartbeats"` // 0: any number
	Heartbeats    int `json:"heartbeats"`     // made with it, that still exist
}

func keyToJSON(k fsm.Key) keyJSON {
	return keyJSON{
		ID: k.ID.String(), Name: k.Name, Scope: k.Scope, CreatedAt: request.Stamp(k.CreatedAt),
		MaxHeartbeats: k.MaxHeartbeats, Heartbeats: k.Heartbeats,
	}
}

func (s *Server) listKeys(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	out := struct {
		Keys []keyJSON `json:"keys"`
	}{Keys: []keyJSON{}}
	for _, k := range s.store.Keys() {
		out.Keys = append(out.Keys, keyToJSON(k))
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

func (s *Server) createKey(ctx *fasthttp.RequestCtx, _ []string) error {
	body := struct {
		Name          string `json:"name"`
		Scope         string `json:"scope"`
		MaxHeartbeats int    `json:"max_heartbeats"`
	}{Scope: fsm.ScopeAdmin, MaxHeartbeats: fsm.DefaultKeyHeartbeats}
	if err := decodeWithoutNulls(ctx, &body, map[string]string{
		"scope":          "leave it out for a key of scope " + fsm.ScopeAdmin + ", which may do everything",
		"max_heartbeats": fmt.Sprintf("leave it out for %d, or send 0 for any number", fsm.DefaultKeyHeartbeats),
	}); err != nil {
		return err
	}
	key, c, err := s.makeKey(ctx, body.Name, body.Scope, body.MaxHeartbeats)
	if err != nil {
		return err
	}
	return reply(ctx, fasthttp.StatusCreated, keyJSON{
		ID: c.ID.String(), Name: c.Name, Scope: c.Scope, Key: key, CreatedAt: request.Stamp(s.createdAt(c.ID)), MaxHeartbeats: c.MaxHeartbeats,
	})
}

// makeKey commits a new key; only its hash is kept.
func (s *Server) makeKey(ctx *fasthttp.RequestCtx, name, scope string, most int) (key string, c fsm.PutKey, err error) {
	if err := fsm.ValidateKeyName(name); err != nil {
		return "", c, err
	}
	if err := fsm.ValidateScope(scope); err != nil {
		return "", c, err
	}
	if err := fsm.ValidateMaxHeartbeats("max_heartbeats", most); err != nil {
		return "", c, err
	}
	key = newKey(scope)
	c = fsm.PutKey{Name: name, Scope: scope, Hash: hashKey([]byte(key)), MaxHeartbeats: most}
	rand.Read(c.ID[:])
	if _, err := s.propose(ctx, c); err != nil {
		return "", c, err
	}
	return key, c, nil
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
	if withTimeout(readLimit, s.cluster.ReadBarrier) == nil {
		if k, ok := s.key(id); ok {
			return k.CreatedAt
		}
	}
	return time.Now()
}

func (s *Server) key(id fsm.KeyID) (fsm.Key, bool) {
	all := s.store.Keys()
	i := slices.IndexFunc(all, func(k fsm.Key) bool { return k.ID == id })
	if i < 0 {
		return fsm.Key{}, false
	}
	return all[i], true
}

// updateKey changes how many heartbeats a key may make.
func (s *Server) updateKey(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := fsm.ParseKeyID(args[0])
	if err != nil {
		return errNotFound
	}
	var body struct {
		MaxHeartbeats *int `json:"max_heartbeats"`
	}
	if err := decode(ctx, &body); err != nil {
		return err
	}
	if body.MaxHeartbeats == nil {
		return badRequest("max_heartbeats is missing; it is all of a key that can be changed")
	}
	if err := fsm.ValidateMaxHeartbeats("max_heartbeats", *body.MaxHeartbeats); err != nil {
		return err
	}
	if _, err := s.propose(ctx, fsm.UpdateKey{ID: id, MaxHeartbeats: *body.MaxHeartbeats}); err != nil {
		return err
	}
	if err := withTimeout(readLimit, s.cluster.ReadBarrier); err != nil {
		return errUnread
	}
	k, ok := s.key(id)
	if !ok {
		return errNotFound
	}
	return reply(ctx, fasthttp.StatusOK, keyToJSON(k))
}

func (s *Server) deleteKey(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := fsm.ParseKeyID(args[0])
	if err != nil {
		return errNotFound
	}
	return s.commitNoContent(ctx, fsm.DeleteKey{ID: id})
}
