package forward

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/cluster/proposals/proposalstest"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// forwardPair connects a follower's table to a leader that answers as submit says.
func forwardPair(t *testing.T, submit func(*commit.Forwarded)) (*proposals.Table, *leaderConn, chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Submit: submit, Removed: func(n fsm.NodeID) bool { return n == fsm.NodeID{66} }, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { s.Serve(ctx, l) })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tab := proposals.NewTable(0)
	ended := make(chan struct{})
	out := newLeaderConn(conn, tab, logentry.Origin{Node: fsm.NodeID{9}, Boot: 2}, func([]proposals.ItemResult) {}, func() { close(ended) })
	tab.SetConsumer(&out.Consumer)
	t.Cleanup(func() {
		out.close()
		cancel()
		serving.Wait()
		tab.Abort()
	})
	return tab, out, ended
}

func TestForwardingPairsManyItemsWithTheirAnswers(t *testing.T) {
	tab, _, _ := forwardPair(t, func(f *commit.Forwarded) {
		if f.Origin.Node != (fsm.NodeID{9}) || f.Origin.Boot != 2 || f.Origin.Floor == 0 {
			t.Errorf("origin %+v", f.Origin)
		}
		r := &commit.Results{Index: 5}
		for i := len(f.Items) - 1; i >= 0; i-- { // in another order
			r.Items = append(r.Items, proposals.ItemResult{Seq: f.Items[i].Seq, Code: fsm.CodeOK, Data: f.Items[i].Cmd})
		}
		f.Reply(r)
	})
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			cmd := []byte{byte(i), byte(i >> 8), 1}
			out := tab.Await(within(t, testkit.Patience), cmd)
			if out.Code != fsm.CodeOK || string(out.Data) != string(cmd) || out.Index != 5 {
				t.Errorf("item %d: %+v", i, out)
			}
		})
	}
	wg.Wait()
}

func TestForwardingSplitsLargeAnswers(t *testing.T) {
	data := make([]byte, 100<<10)
	tab, out, _ := forwardPair(t, func(f *commit.Forwarded) {
		r := &commit.Results{Index: 1}
		for _, it := range f.Items {
			r.Items = append(r.Items, proposals.ItemResult{Seq: it.Seq, Code: fsm.CodeOK, Data: data})
		}
		f.Reply(r)
	})
	tab.SetConsumer(nil)
	var waiting []*proposalstest.Waiting
	for range 100 { // 10 MiB of answers to one frame
		p := proposalstest.Propose(t, tab, "x")
		waiting = append(waiting, p)
	}
	tab.SetConsumer(&out.Consumer)
	for _, p := range waiting {
		select {
		case got := <-p.Done:
			if got.Code != fsm.CodeOK || len(got.Data) != len(data) {
				t.Fatalf("code %d, %d bytes", got.Code, len(got.Data))
			}
		case <-time.After(testkit.Patience):
			t.Fatal("no answer")
		}
	}
}

// TestALoneCommandAfterManyIsSent when all of these have their results: nobody else comes for it to go with.
func TestALoneCommandAfterManyIsSent(t *testing.T) {
	submitted := make(chan *commit.Forwarded, 10)
	tab, out, _ := forwardPair(t, func(f *commit.Forwarded) { submitted <- f })
	answer := func() {
		select {
		case f := <-submitted:
			f.Reply(&commit.Results{Index: 1, Items: commit.SameResult(f.Items, fsm.CodeOK)})
		case <-time.After(testkit.Patience):
			t.Fatal("it is not sent")
		}
	}
	tab.SetConsumer(nil)
	var many []*proposalstest.Waiting
	for range 10 * shareToSend {
		many = append(many, proposalstest.Propose(t, tab, "x"))
	}
	tab.SetConsumer(&out.Consumer)
	testkit.Eventually(t, "all are sent, and as long as they have no result one more is not worth a frame", func() bool {
		return out.unanswered.Load() == int64(len(many)) && out.turn.Load() == 0
	})
	answer()
	for _, p := range many {
		<-p.Done
	}
	lone := proposalstest.Propose(t, tab, "y")
	answer()
	if got := <-lone.Done; got.Code != fsm.CodeOK {
		t.Errorf("code %d", got.Code)
	}
}

func TestForwardingEndsWhenTheOtherDoesNotLead(t *testing.T) {
	tab, out, ended := forwardPair(t, func(f *commit.Forwarded) { f.Refuse(fsm.CodeNotLeader) })
	p := proposalstest.Propose(t, tab, "x")
	select {
	case <-ended:
	case <-time.After(testkit.Patience):
		t.Fatal("the connection goes on")
	}
	if out.alive() || len(p.Done) != 0 {
		t.Error("the command was not kept for another leader")
	}
	p.GiveUp()
	if got := <-p.Done; got.Code != fsm.CodeNoLeader {
		t.Errorf("given up: code %d, so a refused command counts as sent", got.Code)
	}
}

func TestForwardingHearsALeaderThatIsStillAtIt(t *testing.T) {
	submitted := make(chan *commit.Forwarded, 1)
	tab, out, _ := forwardPair(t, func(f *commit.Forwarded) { submitted <- f })
	p := proposalstest.Propose(t, tab, "x")
	f := <-submitted
	time.Sleep(2 * silenceLimit)
	testkit.Eventually(t, "the leader is heard while it works", func() bool { return !out.silent(time.Now()) })
	f.Reply(&commit.Results{Index: 1, Items: []proposals.ItemResult{{Seq: 1, Code: fsm.CodeOK}}})
	if got := <-p.Done; got.Code != fsm.CodeOK {
		t.Errorf("code %d", got.Code)
	}
}

func TestForwardingNoticesSilence(t *testing.T) {
	here, there := net.Pipe()
	go func() { // reads and says nothing
		buf := make([]byte, 1000)
		for {
			if _, err := there.Read(buf); err != nil {
				return
			}
		}
	}()
	tab := proposals.NewTable(0)
	out := newLeaderConn(here, tab, logentry.Origin{}, func([]proposals.ItemResult) {}, func() {})
	tab.SetConsumer(&out.Consumer)
	defer tab.Abort()
	defer out.close()
	if out.silent(time.Now().Add(time.Hour)) {
		t.Error("silence while nothing is awaited")
	}
	proposalstest.Propose(t, tab, "x")
	testkit.Eventually(t, "the silence was not noticed", func() bool { return out.silent(time.Now()) })
}

func TestForwardingRefusesABarredNode(t *testing.T) {
	here, there := net.Pipe()
	var submitted atomic.Int32
	s := &Server{
		Submit:  func(*commit.Forwarded) { submitted.Add(1) },
		Removed: func(fsm.NodeID) bool { return true }, Log: slog.New(slog.DiscardHandler),
	}
	done := make(chan struct{})
	go func() { defer close(done); s.handle(t.Context(), there) }()
	here.Write(appendPropose(nil, sampleProposal()))
	<-done
	if submitted.Load() != 0 {
		t.Error("a removed node's command was taken")
	}
	here.Close()
}

func TestForwardingSaysNothingWhileNothingIsUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		submitted := make(chan *commit.Forwarded, 1)
		s := &Server{
			Submit:  func(f *commit.Forwarded) { submitted <- f },
			Removed: func(fsm.NodeID) bool { return false }, Log: slog.New(slog.DiscardHandler),
		}
		var running sync.WaitGroup
		running.Go(func() { s.handle(t.Context(), there) })
		kinds := make(chan byte, 1000)
		running.Go(func() {
			for {
				kind, _, err := readFrame(here)
				if err != nil {
					return
				}
				kinds <- kind
			}
		})
		for range 2 { // the second time the timer had run before
			time.Sleep(time.Second)
			synctest.Wait()
			if n := len(kinds); n != 0 {
				t.Fatalf("%d frames came while nothing was awaited", n)
			}
			here.Write(appendPropose(nil, &commit.Request{Items: []proposals.Item{{Seq: 1, Cmd: []byte("x")}}}))
			f := <-submitted
			time.Sleep(4*aliveEvery + aliveEvery/2)
			synctest.Wait()
			if n := len(kinds); n != 4 {
				t.Errorf("%d frames came in the time of 4", n)
			}
			sayOK(f)
			time.Sleep(2 * aliveEvery)
			synctest.Wait()
			for len(kinds) > 1 {
				if kind := <-kinds; kind != frameAlive {
					t.Errorf("a frame of type %d", kind)
				}
			}
			if kind := <-kinds; kind != frameResults {
				t.Errorf("the last frame is of type %d", kind)
			}
		}
		here.Close()
		running.Wait()
	})
}

// TestWhatTheLeaderDoesNotKnowStaysOutOfTheLog: it would stop every node of this version.
func TestWhatTheLeaderDoesNotKnowStaysOutOfTheLog(t *testing.T) {
	s := &Server{Knows: fsm.Knows}
	for _, c := range []struct{ cmd, want []byte }{
		{[]byte{250, 1, 2}, unknown},
		{fsm.AppendPing(nil, fsm.Ping{Ordinal: 1}), fsm.AppendPing(nil, fsm.Ping{Ordinal: 1})},
		{nil, nil},
	} {
		if got := s.known(c.cmd); string(got) != string(c.want) {
			t.Errorf("%x became %x", c.cmd, got)
		}
	}
}

// TestWhoeverSendsHoldsUpNobodyElse has somebody who adds a command stuck in the sending of it, as beside a leader that
// is stopped. Others only add theirs, which go when it does.
func TestWhoeverSendsHoldsUpNobodyElse(t *testing.T) {
	here, there := net.Pipe() // a write waits until it is read
	tab := proposals.NewTable(0)
	out := newLeaderConn(here, tab, logentry.Origin{}, func([]proposals.ItemResult) {}, func() {})
	tab.SetConsumer(&out.Consumer)
	defer tab.Abort()
	defer out.close()
	nobodySends := func() bool { return len(out.Wakeup) == 0 && out.turn.Load() == 0 }
	testkit.Eventually(t, "the beginning is not over", nobodySends)
	add := func() {
		if code := tab.SubmitPing(time.Now().Add(time.Minute), fsm.Ping{Ordinal: 1}, func(fsm.Code) {}); code != fsm.CodeNone {
			t.Errorf("refused with %d", code)
		}
	}
	go add()
	testkit.Eventually(t, "nobody sends", func() bool { return out.unanswered.Load() == 1 })
	for range 2 * maxFrameItems {
		add()
	}
	r, got := bufio.NewReader(there), 0
	there.SetReadDeadline(time.Now().Add(time.Minute))
	for got < 2*maxFrameItems+1 {
		_, body, err := readFrame(r)
		if err != nil {
			t.Fatalf("after %d commands: %v", got, err)
		}
		p, err := decodePropose(body)
		if err != nil {
			t.Fatal(err)
		}
		got += len(p.Items)
	}
	testkit.Eventually(t, "somebody sends for ever", nobodySends)
	add() // alone it is not worth a frame beside thousands without a result
	if out.unanswered.Load() != 2*maxFrameItems+1 {
		t.Error("a command alone was sent")
	}
	go there.Write(appendAlive(nil)) // as a leader says while results are missing
	if _, _, err := readFrame(r); err != nil {
		t.Error("after a rest nobody sends:", err)
	}
	there.Close()
}
