package api

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// eavesdropper is a cluster that notes what pings tell, and takes plain ones as ever.
type eavesdropper struct {
	*fakeCluster

	mu    sync.Mutex
	heard []fsm.Signal
}

func (l *eavesdropper) Propose(ctx context.Context, cmd fsm.Command) (fsm.Result, error) {
	var sig fsm.Signal
	switch c := unwrap(cmd).(type) {
	case fsm.Signal:
		sig = c
	case fsm.Ping:
		code, err := l.Ping(time.Time{}, c)
		return fsm.Result{Code: code}, err
	default:
		return l.fakeCluster.Propose(ctx, cmd)
	}
	if err := l.Ready(); err != nil {
		return fsm.Result{}, err
	}
	sig.Body = append([]byte(nil), sig.Body...)
	l.note(sig)
	return fsm.Result{Code: fsm.CodeOK}, nil
}

// unwrap is the command that a key of the cluster sent, or any other as it is.
func unwrap(cmd fsm.Command) fsm.Command {
	if a, ok := cmd.(fsm.Authorized); ok {
		return a.Command
	}
	return cmd
}

func (l *eavesdropper) Ping(deadline time.Time, p fsm.Ping) (fsm.Code, error) {
	code, err := l.fakeCluster.Ping(deadline, p)
	if err == nil {
		l.note(fsm.Signal{Ordinal: p.Ordinal, Exit: -1})
	}
	return code, err
}

func (l *eavesdropper) PingThen(deadline time.Time, p fsm.Ping, then func(fsm.Code)) error {
	return atOnce(l.Ping, deadline, p, then)
}

func (l *eavesdropper) note(sig fsm.Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, sig)
}

// take returns what was heard since the last call.
func (l *eavesdropper) take() []fsm.Signal {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard := l.heard
	l.heard = nil
	return heard
}

// pingRig has a heartbeat with the slug job, two with the slug twins, and a ping key.
type pingRig struct {
	*rig
	listener *eavesdropper
	job      heartbeatJSON
	key      string
	turn     int // of oddly
}

func newPingRig(t testing.TB) *pingRig {
	t.Helper()
	return newPingRigWith(t, func(*Server) {})
}

// newPingRigWith serves what change has changed.
func newPingRigWith(t testing.TB, change func(*Server)) *pingRig {
	t.Helper()
	r := &pingRig{rig: newRigWith(t, func(*Config) {}, change)}
	r.listener = &eavesdropper{fakeCluster: r.cluster}
	r.server.useCluster(r.listener)
	r.job = r.create(`{"name":"job"}`)
	r.create(`{"name":"twins"}`)
	r.create(`{"name":"twins"}`)
	r.key = r.makeKey(fsm.ScopePing).Key
	return r
}

func (r *rig) makeKey(scope string) keyJSON {
	r.t.Helper()
	return decodeAs[keyJSON](r.t, r.call("POST", "/v1/keys", `{"name":"k","scope":"`+scope+`"}`).body)
}

// plainly sends a request without a key in its headers.
func (r *rig) plainly(method, target, body string) answer {
	r.t.Helper()
	return r.call(method, target, body, "Authorization", "")
}
