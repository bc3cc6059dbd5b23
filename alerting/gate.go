package alerting

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
)

const (
	firstProbe   = time.Second      // after trouble, then twice as long each time
	lastProbe    = 5 * time.Second  // at most
	loginProbe   = 30 * time.Second // at most after a refused login: servers lock out who tries too often
	hastyProbe   = 15 * time.Second // for one probe; beside them runs one with the server's full time
	messageRetry = 10 * time.Second // at most until a message is tried again over which there was trouble
	rulesRetry   = 20 * time.Second // likewise, if the server does not like this machine or sender, or has no space
)

// pass is how many rows may be in hand.
type pass int

const (
	passAll  pass = iota // the server answers
	passOne              // it answers again: one row has to show that it takes mail
	passNone             // it does not
)

// gate keeps rows from being claimed while the mail server is in trouble, and asks it
// every few seconds whether it answers again. So what waits goes out soon after the
// server is mended, however long it was away, and costs nothing meanwhile.
type gate struct {
	probe   func(ctx context.Context) error
	changed func()              // told after each change
	failed  func(probing error) // told of each probe that failed
	shut    chan struct{}       // has one while passNone begins

	mu   sync.Mutex
	pass pass
	why  error
	wait time.Duration // until the next probe
}

func newGate(probe func(context.Context) error, changed func(), failed func(error)) *gate {
	return &gate{probe: probe, changed: changed, failed: failed, shut: make(chan struct{}, 1)}
}

// room is how many rows may be in hand.
func (g *gate) room() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return map[pass]int{passAll: maxAttempts, passOne: 1}[g.pass]
}

// closed is why nothing may be sent now; nil: something may.
func (g *gate) closed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pass != passNone {
		return nil
	}
	return g.why
}

// note learns from what became of a message; nil: it was taken. An answer about one
// message, whatever it says, is one of a server that works.
func (g *gate) note(err error) {
	switch v := judge(err); {
	case err == nil || isAnswer(err):
		g.set(passAll, nil)
	case v == trouble || v == doubtful:
		g.set(passNone, err)
	}
}

// isAnswer reports whether a server refused one message and goes on.
func isAnswer(err error) bool {
	var se *sendError
	var answer *smtp.Error
	return errors.As(err, &se) && se.phase != phaseConnect && errors.As(err, &answer) && answer.Code != 421
}

func (g *gate) set(p pass, why error) {
	g.mu.Lock()
	before := g.pass
	g.pass, g.why = p, why
	if p == passAll {
		g.wait = 0
	}
	if p == passNone && before != passNone {
		g.lengthen(why)
		select {
		case g.shut <- struct{}{}:
		default:
		}
	}
	g.mu.Unlock()
	if p != before {
		g.changed()
	}
}

// lengthen makes the wait for the next probe twice as long.
func (g *gate) lengthen(why error) {
	most := lastProbe
	if errors.As(why, new(*loginError)) {
		most = loginProbe
	}
	g.wait = min(max(2*g.wait, firstProbe), most)
}

// run opens the gate again each time that it shuts, until ctx ends.
func (g *gate) run(ctx context.Context) {
	for {
		select {
		case <-g.shut:
			g.reopen(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// reopen probes until the server answers. A probe that gets no answer in time is
// followed by others, since the server may be mended meanwhile; but one goes on to wait,
// since it may just be slow.
func (g *gate) reopen(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	answered := make(chan bool, 1) // of the patient probe
	waiting := false
	for g.closed() != nil {
		select {
		case <-time.After(g.pause()):
		case ok := <-answered:
			if waiting = false; ok {
				g.tryOne()
				return
			}
			continue
		case <-ctx.Done():
			return
		}
		limited, stop := context.WithTimeout(ctx, hastyProbe)
		err := g.try(limited)
		stop()
		if err == nil {
			g.tryOne()
			return
		}
		if errors.Is(err, context.DeadlineExceeded) && !waiting {
			waiting = true
			parts.Go(func() { answered <- g.try(ctx) == nil })
		}
	}
}

// tryOne lets one row through, unless one that was on its way has opened the gate.
func (g *gate) tryOne() {
	if g.closed() != nil {
		g.set(passOne, nil)
	}
}

func (g *gate) pause() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.wait
}

func (g *gate) try(ctx context.Context) error {
	err := g.probe(ctx)
	if err != nil && ctx.Err() != context.Canceled {
		g.mu.Lock()
		g.why = err
		g.lengthen(err)
		g.mu.Unlock()
		g.failed(err)
	}
	return err
}
