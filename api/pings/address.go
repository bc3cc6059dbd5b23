package pings

import (
	"bytes"

	"github.com/quorumbeat/quorumbeat/api/compat"
	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// address is what the path of a ping says: whose heartbeat, and what of it.
type address struct {
	token fsm.Token
	key   []byte
	slug  []byte // nil: by token
	kind  fsm.SignalKind
	acts  bool // the path says what is told
	exit  int  // noExit: none given; over fsm.MaxExit: out of its limits
}

// readAddress reads /<uuid> or /<ping_key>/<slug>, with or without what it tells and a
// slash at the end. What is told apart is told apart by its shape. Where a path could be
// both, a UUID comes first: /<uuid>/start is the start of a heartbeat, and the slug start
// is pinged behind a key, which is no UUID. Behind a key the first part is the slug, also
// if it looks like an action or a UUID.
func readAddress(path []byte) (a address, err error) {
	first, rest := cutPart(bytes.TrimSuffix(path, []byte("/")))
	first, whole := request.DecodeIfEscaped(first)
	if a.token, err = fsm.ParseToken(first); err == nil && a.reads(rest) {
		return a, nil
	}
	slug, rest := cutPart(rest)
	slug, ok := request.DecodeIfEscaped(slug)
	if !whole || !ok || len(first) == 0 || !a.reads(rest) {
		return a, request.ErrNotFound
	}
	return a, a.names(first, slug)
}

// names addresses a heartbeat by a key and its slug.
func (a *address) names(key, slug []byte) error {
	a.key, a.slug = key, slug
	switch ok, upper := isSlug(slug); {
	case !ok:
		return request.ErrNotFound
	case upper:
		return errBadURL
	}
	return nil
}

// plainPath reads /<uuid>, the path of most pings.
func plainPath(path []byte) (t fsm.Token, ok bool) {
	if len(path) == 0 {
		return t, false
	}
	t, err := fsm.ParseToken(bytes.TrimSuffix(path[1:], []byte("/")))
	return t, err == nil
}

// cutPart takes the first part of a path that begins with a slash, or is empty.
func cutPart(path []byte) (part, rest []byte) {
	if len(path) == 0 {
		return nil, nil
	}
	path = path[1:]
	if i := bytes.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, nil
}

// isSlug reports whether a part of a path is a slug, and whether it has capitals,
// which no slug of a heartbeat has.
func isSlug(slug []byte) (ok, upper bool) {
	if len(slug) == 0 || len(slug) > fsm.MaxSlugLen {
		return false, false
	}
	for _, c := range slug {
		switch {
		case c >= 'A' && c <= 'Z':
			upper = true
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false, false
		}
	}
	return true, upper
}

// reads takes what stands behind the heartbeat, and reports whether it means
// anything.
func (a *address) reads(rest []byte) bool {
	action := bytes.TrimPrefix(rest, []byte("/"))
	a.acts, a.exit = len(action) > 0, noExit
	if kind, ok := actions[string(action)]; ok {
		a.kind = kind
		return true
	}
	if kind, ok := compat.Action(string(action)); ok {
		a.kind = kind
		return true
	}
	a.kind, a.exit = fsm.SignalSuccess, exitStatus(action)
	if a.exit > 0 {
		a.kind = fsm.SignalFail
	}
	return a.exit != noExit
}

// exitStatus reads a number in digits, noExit for anything else; one over the limit
// may be any such.
func exitStatus(digits []byte) int {
	if !isNumber(digits) {
		return noExit
	}
	n := 0
	for _, c := range digits {
		n = min(n*10+int(c-'0'), fsm.MaxExit+1)
	}
	return n
}
