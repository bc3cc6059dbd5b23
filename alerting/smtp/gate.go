package smtp

import (
	"context"
	"errors"
	"sync"
	"time"
)

// The times between probes.
const (
	FirstProbe = time.Second      // after trouble, then twice as long each time
	LastProbe  = 5 * time.Second  // at most
	loginProbe = 30 * time.Second // at most after a refused login: servers lock out who tries too often
	probeLimit = 15 * time.Second // for one probe; beside them runs one with the server's full time
)

// gateState decides how many messages may be in flight.
type gateState int

const (
	gateOpen  gateState = iota // the server answers
	gateTrial                  // it answers again: one message has to show that it takes mail
	gateShut                   // it does not
)

// Gate says how many messages may be in flight: none while the mail server is in trouble.
// Then it asks the server every few seconds whether it answers again. So what waits goes out soon after the
// server is mended, however long it was away, and costs nothing meanwhile.
type Gate struct {
	probe     func(ctx context.Context) error
	onChange  func()              // called after each change
	onFailure func(probing error) // called after each probe that failed
	shuts     chan struct{}       // has a value after the gate shut
	room      int                 // messages in flight while the server answers

	mu    sync.Mutex
	state gateState
	why   error
	wait  time.Duration // until the next probe
}

// NewGate makes an open gate. probe asks the server; onChange is called after each change of
// the gate, and onFailure after each probe that failed.
func NewGate(room int, probe func(context.Context) error, onChange func(), onFailure func(error)) *Gate {
	return &Gate{room: room, probe: probe, onChange: onChange, onFailure: onFailure, shuts: make(chan struct{}, 1)}
}

// Room is how many messages may be in flight.
func (g *Gate) Room() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return map[gateState]int{gateOpen: g.room, gateTrial: 1}[g.state]
}

// Closed returns why nothing may be sent now, as an error of connecting; nil: something may.
func (g *Gate) Closed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != gateShut {
		return nil
	}
	return during(phaseConnect, g.why)
}

// Learn learns from what became of a message; nil: it was taken. An answer about one
// message, whatever it says, is one of a server that works.
func (g *Gate) Learn(err error) {
	switch v := Classify(err); {
	case err == nil || isReplyToMessage(err):
		g.setState(gateOpen, nil)
	case v == Trouble || v == InDoubt:
		g.setState(gateShut, err)
	}
}

// isReplyToMessage reports whether a server refused one message and goes on.
func isReplyToMessage(err error) bool {
	var se *sendError
	var answer *Error
	return errors.As(err, &se) && se.phase != phaseConnect && errors.As(err, &answer) && answer.Code != 421
}

func (g *Gate) setState(p gateState, why error) {
	g.mu.Lock()
	before := g.state
	g.state, g.why = p, why
	if p == gateOpen {
		g.wait = 0
	}
	if p == gateShut && before != gateShut {
		g.lengthenWait(why)
		select {
		case g.shuts <- struct{}{}:
		default:
		}
	}
	g.mu.Unlock()
	if p != before {
		g.onChange()
	}
}

// lengthenWait makes the wait for the next probe twice as long.
func (g *Gate) lengthenWait(why error) {
	most := LastProbe
	if errors.As(why, new(*LoginError)) {
		most = loginProbe
	}
	g.wait = min(max(2*g.wait, FirstProbe), most)
}

// Run opens the gate again each time that it shuts, until ctx ends.
func (g *Gate) Run(ctx context.Context) {
	for {
		select {
		case <-g.shuts:
			g.probeUntilOpen(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// probeUntilOpen probes until the server answers. A probe that gets no answer in time is
// followed by others, since the server may be mended meanwhile; but one goes on to wait,
// since it may just be slow.
func (g *Gate) probeUntilOpen(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	answered := make(chan bool, 1) // of the patient probe
	waiting := false
	for g.Closed() != nil {
		select {
		case <-time.After(g.nextWait()):
		case ok := <-answered:
			if waiting = false; ok {
				g.openForOne()
				return
			}
			continue
		case <-ctx.Done():
			return
		}
		limited, stop := context.WithTimeout(ctx, probeLimit)
		err := g.probeOnce(limited)
		stop()
		if err == nil {
			g.openForOne()
			return
		}
		if errors.Is(err, context.DeadlineExceeded) && !waiting {
			waiting = true
			parts.Go(func() { answered <- g.probeOnce(ctx) == nil })
		}
	}
}

// openForOne lets one message through, unless one that was on its way has opened the gate.
func (g *Gate) openForOne() {
	if g.Closed() != nil {
		g.setState(gateTrial, nil)
	}
}

func (g *Gate) nextWait() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.wait
}

func (g *Gate) probeOnce(ctx context.Context) error {
	err := g.probe(ctx)
	if err != nil && ctx.Err() != context.Canceled {
		g.mu.Lock()
		g.why = err
		g.lengthenWait(err)
		g.mu.Unlock()
		g.onFailure(err)
	}
	return err
}
