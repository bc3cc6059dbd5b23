package cluster

import "github.com/quorumbeat/quorumbeat/fsm"

// maxHeldBytes is how much the commands that wait at one node may take before bodies
// are left out of them: 65,536 pings with 10,000 bytes each would be 650 MB.
const maxHeldBytes = 32 << 20

// signalOf returns the signal that a command is, with or without a key.
func signalOf(cmd fsm.Command) (fsm.Signal, bool) {
	if a, ok := cmd.(fsm.Authorized); ok {
		cmd = a.Command
	}
	s, ok := cmd.(fsm.Signal)
	return s, ok
}

// bodiless returns the same command without its signal's body.
func bodiless(cmd fsm.Command) fsm.Command {
	switch c := cmd.(type) {
	case fsm.Authorized:
		c.Command = bodiless(c.Command)
		return c
	case fsm.Signal:
		return c.WithoutBody()
	}
	return cmd
}

// spared returns the command of a signal as this node passes it on: without a body
// while there is no room for that.
func (n *Node) spared(cmd fsm.Command, s fsm.Signal) fsm.Command {
	if len(s.Body) == 0 {
		return cmd
	}
	reason := n.shortOf()
	if n.bytesHeld() > maxHeldBytes {
		reason = shedMemory
	}
	if reason == "" {
		return cmd
	}
	n.met.shedOne(reason)
	return bodiless(cmd)
}

// shortOf says what this node has too little of to record bodies, "" if of nothing.
func (n *Node) shortOf() string {
	if n.stores.bounded.excess() >= shedExcess {
		return shedLog
	}
	if n.anyLow() {
		return shedDisk
	}
	return ""
}
