package api

import (
	"bytes"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// address is what the path of a ping says: whose heartbeat, and what of it.
type address struct {
	token fsm.Token
	key   []byte
	slug  []byte // nil: by token
	kind  fsm.SignalKind
	exit  int // noExit: none given; over fsm.MaxExit: out of its limits
}

// readAddress reads /<uuid> or /<ping_key>/<slug>, with or without what it tells and
// a slash at the end.
func readAddress(path []byte) (a address, err error) {
	first, rest := cutPart(bytes.TrimSuffix(path, []byte("/")))
	if a.token, err = fsm.ParseToken(first); err == nil && a.reads(rest) {
		return a, nil
	}
	a.key = first
	a.slug, rest = cutPart(rest)
	ok, upper := isSlug(a.slug)
	switch {
	case !ok || len(first) == 0 || !a.reads(rest):
		return a, errNotFound
	case upper:
		return a, errBadURL
	}
	return a, nil
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
	if kind, ok := actions[string(action)]; ok {
		a.kind, a.exit = kind, noExit
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
