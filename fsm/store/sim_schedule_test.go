package store

import (
	"math/rand/v2"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// schedule is everything that differs from one run to another.
type schedule struct {
	setup  setup
	events []event
}

// setup is what holds for a whole run.
type setup struct {
	bound    int // of judging, see judgeBound
	settings fsm.Settings
	resend   bool // --in-doubt resend
	pace     pace
	plain    bool // nobody sees to incidents of the monitor itself, and the settings have no reminders
}

// pace is how fast heartbeats fail.
type pace int

const (
	mixed pace = iota
	quick      // at once, again and again
	slow       // rather than that, an interval falls into a gap
)

// event is one decision. Its numbers choose among what is possible when it comes,
// so a schedule is valid still when events are taken out of it.
type event struct {
	kind    eventKind
	a, b, c uint32
}

type eventKind int

const (
	evPing eventKind = iota
	evSignal
	evFlap
	evSend
	evDeliver
	evPropose
	evCommit
	evTick
	evFlow
	evWait
	evElect
	evDepose
	evCrash
	evRestart
	evQueued
	evWallJump
	evCatchUp
	evSnapshot
	evInstall
	evCreate
	evPause
	evResume
	evUpdate
	evDelete
	evSettings
	evLook
	evStep
	evOutage
	evRetry
	evGiveUp
	evAct
	evWindow
	evSystem
	eventKinds
)

// weights say how often each kind comes.
var weights = [eventKinds]int{
	evPing: 12, evSignal: 12, evFlap: 6, evSend: 6, evDeliver: 8, evPropose: 7, evCommit: 8, evTick: 34, evFlow: 9, evWait: 4,
	evElect: 4, evDepose: 2, evCrash: 2, evRestart: 4, evQueued: 4, evWallJump: 2,
	evCatchUp: 6, evSnapshot: 4, evInstall: 3,
	evCreate: 3, evPause: 3, evResume: 3, evUpdate: 3, evDelete: 1, evSettings: 2,
	evLook: 18, evStep: 34, evOutage: 2, evRetry: 4, evGiveUp: 2, evAct: 6, evWindow: 3, evSystem: 4,
}

var mailLists = [][]string{nil, {"team@example.com"}, {"team@example.com", "boss@example.com"}}

func newSchedule(r *rand.Rand, plain bool) schedule {
	s := setup{plain: plain, bound: []int{1, 2, maxJudgedPerBatch}[r.IntN(3)]}
	s.settings = s.draw(r.Uint32(), r.Uint32())
	s.resend = r.IntN(4) > 0
	s.pace = []pace{quick, mixed, mixed, slow, slow}[r.IntN(5)]
	sch := schedule{setup: s}
	for range 3 {
		sch.events = append(sch.events, event{evCreate, r.Uint32(), r.Uint32(), r.Uint32()})
	}
	// Each schedule has more of some kinds and nothing of others, so that they meet
	// in more ways than one mean mixture would allow.
	mix, total := weights, 0
	for k := range mix {
		mix[k] *= []int{0, 1, 1, 2, 2, 4}[r.IntN(6)]
		total += mix[k]
	}
	for range 100 + r.IntN(250) {
		sch.events = append(sch.events, event{drawKind(mix, r.IntN(total)), r.Uint32(), r.Uint32(), r.Uint32()})
	}
	return sch
}

func drawKind(mix [eventKinds]int, n int) (k eventKind) {
	for n >= mix[k] {
		n -= mix[k]
		k++
	}
	return k
}

func (s setup) draw(a, b uint32) fsm.Settings {
	every := []int64{0, 0, 10, 14}[b/36%4]
	if s.plain {
		every = 0
	}
	return fsm.Settings{
		RemindEvery: every,
		History:     int(a % 8), MailTo: mailLists[a/8%3],
		Burst: 1 + int(b%3), GroupWait: []int64{0, 1000, 4000}[b/3%3],
		FlapWindow: []int64{0, 3000, 10_000, 10_000}[b/9%4],
	}
}

// happen makes an event come to pass, if it can.
func (w *world) happen(e event) {
	w.pass(int64(e.c % 20))
	switch e.kind {
	case evPing:
		w.ping(e)
	case evSignal:
		w.signal(e)
	case evFlap:
		w.flap(e)
	case evSend:
		w.send(w.node(e.a), e.b%4 == 0)
	case evDeliver:
		w.deliver(e)
	case evPropose:
		w.propose()
	case evCommit:
		w.commitSome(1+int(e.a%3), e.b%5 == 0)
	case evTick:
		w.pass(int64(1 + e.a%2000))
		w.propose()
		if e.b%4 > 0 {
			w.commitSome(9, e.b%16 == 1)
		}
	case evFlow:
		w.flow()
	case evWait:
		w.pass(int64(1000 + e.a%16_000))
		w.say("time passes")
	case evElect:
		if e.c%2 == 0 {
			w.propose()
		}
		w.depose(int(e.b), e.b%3 > 0)
		w.pass(int64(e.c % 4000))
		w.elect(w.node(e.a))
		if e.a/3%2 == 0 {
			w.appendQueued()
		}
	case evDepose:
		w.depose(int(e.b), e.b%3 > 0)
	case evCrash:
		w.crash(w.node(e.a), int(e.b))
	case evRestart:
		w.restart(e.a)
	case evQueued:
		w.appendQueued()
	case evWallJump:
		w.jump(e)
	case evCatchUp:
		w.catchUp(w.node(e.a), 1+int(e.b%20))
	case evSnapshot:
		w.snapshot(w.node(e.a), e.b%3 == 0)
	case evInstall:
		w.install(w.node(e.a), w.node(e.b))
	case evCreate, evPause, evResume, evUpdate, evDelete, evSettings, evRetry, evAct, evWindow, evSystem:
		w.edit(e)
	case evLook:
		w.look(e)
	case evStep:
		w.step(e)
	case evOutage:
		w.mail.out = !w.mail.out
		w.say("the mail server is out of reach: %v", w.mail.out)
	case evGiveUp:
		w.giveUp(e)
	}
}
