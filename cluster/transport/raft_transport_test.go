package transport

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// A connection of Raft's reaches the node that it means, and not who has its address.
func TestRaftReachesTheNodeThatItMeans(t *testing.T) {
	here := fsm.NodeID{1}
	m, err := Listen("127.0.0.1:0", Options{Self: here})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s := m.streamLayer("")
	defer s.Close()
	peer := func(id fsm.NodeID) raft.ServerAddress {
		return raft.ServerAddress(id.String() + "@" + m.Addr().String())
	}
	conn, err := s.Dial(peer(here), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := s.Accept(); err != nil {
		t.Errorf("the node that is meant: %v", err)
	} else {
		got.Close()
	}

	other, err := s.Dial(peer(fsm.NodeID{2}), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetReadDeadline(time.Now().Add(testkit.Patience))
	if n, err := other.Read(make([]byte, 1)); err == nil || n > 0 {
		t.Error("another node takes it")
	} else if timeout, ok := err.(interface{ Timeout() bool }); ok && timeout.Timeout() {
		t.Error("another node keeps it open")
	}
	if _, err := s.Dial(raft.ServerAddress(m.Addr().String()), time.Second); err == nil {
		t.Error("an address without an ID is dialed")
	}
}

// A message names its sender without asking where that is; of others it is asked.
func TestMessagesNameTheirSender(t *testing.T) {
	self, other := fsm.NodeID{1}, fsm.NodeID{2}
	asked := 0
	port := Serve(NoListener(), Options{Self: self})
	defer port.Close()
	tr := NewRaftTransport(port, RaftOptions{Advertised: "a.example:7", Find: func(raft.ServerID) (raft.ServerAddress, error) {
		asked++
		return "b.example:8", nil
	}})
	defer tr.Close()
	if got := string(tr.EncodePeer(raft.ServerID(self.String()), "x")); got != self.String()+"@a.example:7" || asked != 0 {
		t.Errorf("this node is %s, asked %d times", got, asked)
	}
	if got := string(tr.EncodePeer(raft.ServerID(other.String()), "x")); got != other.String()+"@b.example:8" || asked != 1 {
		t.Errorf("another node is %s, asked %d times", got, asked)
	}
}
