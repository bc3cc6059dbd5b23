package members

import (
	"log/slog"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestPromises(t *testing.T) {
	fresh := true
	id, err := identity.Open(t.TempDir(), identity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer id.Close()
	b := &Bootstrapper{Identity: id, Expect: 3, Log: slog.New(slog.DiscardHandler), Fresh: func() bool { return fresh }, Members: func() []Member { return nil }}
	asks := func(asker, cluster byte) transport.Question {
		return transport.Question{Op: transport.AskPromise, Asker: fsm.NodeID{asker}, Cluster: fsm.NodeID{cluster}}
	}
	for _, c := range []struct {
		name string
		req  transport.Question
		ok   bool
		set  func()
	}{
		{"a question without an asker", asks(0, 1), false, nil},
		{"the first asker", asks(1, 1), true, nil},
		{"the same asker again", asks(1, 1), true, nil},
		{"another asker", asks(2, 2), false, nil},
		{"a node with data promises nothing", asks(1, 1), false, func() { fresh = false }},
	} {
		if c.set != nil {
			c.set()
		}
		a := b.Answer(c.req)
		if (a.Err() == nil) != c.ok || (!c.ok && a.Words == "") {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
	fresh = true
	if _, err := b.ownPromise(); err == nil {
		t.Error("a promised node asks others")
	}
}
