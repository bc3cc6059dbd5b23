package compat

import (
	"bytes"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Sender is whose client a path is made by.
type Sender uint8

const (
	Cronitor Sender = iota
	Sentry
	Cronhub
	Gatus
)

// Address is what a path says. Its parts are as they stand there, not decoded.
type Address struct {
	Sender Sender
	Token  []byte // of a heartbeat; nil: it has a slug
	Key    []byte // a ping key; nil for Gatus, whose key is in a header
	Slug   []byte

	Kind fsm.SignalKind
	Acts bool // the path itself says what is told
}

// Path reads a path of another monitor's API; one slash may stand at its end:
//
//	/p/KEY/SLUG, /p/KEY/SLUG/{run|complete|ok|fail|tick}   Cronitor
//	/api/ANY/cron/SLUG/KEY                                 Sentry
//	/{start|finish|fail}/TOKEN                             Cronhub (its /ping/TOKEN is served anyway)
//	/api/v1/endpoints/SLUG/external                        Gatus
func Path(path []byte) (a Address, ok bool) {
	if len(path) == 0 || path[0] != '/' {
		return a, false
	}
	var store [8][]byte // no path has more parts
	parts := split(store[:0], path)
	is := func(i int, name string) bool { return string(parts[i]) == name }
	switch n := len(parts); {
	case (n == 3 || n == 4) && is(0, "p"):
		a = Address{Sender: Cronitor, Key: parts[1], Slug: parts[2]}
		if n == 4 {
			a.Kind, a.Acts = Action(string(parts[3]))
			ok = a.Acts
			return a, ok
		}
		return a, true
	case n == 5 && is(0, "api") && is(2, "cron"):
		return Address{Sender: Sentry, Slug: parts[3], Key: parts[4]}, true
	case n == 5 && is(0, "api") && is(1, "v1") && is(2, "endpoints") && is(4, "external"):
		return Address{Sender: Gatus, Slug: parts[3]}, true
	case n == 2:
		a = Address{Sender: Cronhub, Token: parts[1], Acts: true}
		a.Kind, ok = cronhub[string(parts[0])]
		return a, ok
	}
	return a, false
}

// split cuts a path into its parts, none of which is empty; nil if one is, or if there are
// more than have room.
func split(parts [][]byte, path []byte) [][]byte {
	for path = bytes.TrimSuffix(path[1:], []byte("/")); ; {
		part, rest, more := bytes.Cut(path, []byte("/"))
		if len(part) == 0 || len(parts) == cap(parts) {
			return nil
		}
		if parts = append(parts, part); !more {
			return parts
		}
		path = rest
	}
}

var (
	cronhub = map[string]fsm.SignalKind{"start": fsm.SignalStart, "finish": fsm.SignalSuccess, "fail": fsm.SignalFail}
	actions = map[string]fsm.SignalKind{
		"run": fsm.SignalStart, "complete": fsm.SignalSuccess, "ok": fsm.SignalSuccess, "tick": fsm.SignalSuccess, "fail": fsm.SignalFail,
	}
)

// Action reads the last part of a path of Cronitor.
func Action(name string) (kind fsm.SignalKind, ok bool) {
	kind, ok = actions[name]
	return kind, ok
}
