package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/members"
	"github.com/quorumbeat/quorumbeat/cluster/transport"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

// differAfter is how long a node's settings may differ while nodes are restarted in turn.
const differAfter = 10 * time.Minute

var errUnknownNode = errors.New("no address is known for that node")

// startMembership makes this node known, lets it form or find its cluster, and
// has it keep the membership whenever it leads.
func (n *Node) startMembership(r *raft.Raft, httpAddr string) error {
	if cluster, gossip := n.Addrs(); cluster != "" {
		if err := n.id.SetPorts(portOf(cluster), portOf(gossip)); err != nil {
			return err
		}
	}
	n.rec = &members.Reconciler{
		Raft: r, Self: n.id.ID, Store: n.store, Members: n.gossip.Members, Changed: n.gossip.Changed(),
		Ask: n.port.Ask, DeadAfter: n.cfg.DeadAfter, Log: n.log, Troubles: n.troubles,
		Propose: func(ctx context.Context, cmd fsm.Command) error {
			_, err := n.Propose(ctx, cmd)
			return err
		},
	}
	n.lead.AddEarlyTask(n.rec.Run)
	n.down.Go("control server", func(ctx context.Context) {
		n.port.AnswerQuestions(ctx, func(ctx context.Context, req transport.Question) transport.Answer { return n.answer(ctx, n.boot, req) })
	})
	meta := members.Meta{ClusterID: n.id.Cluster(), Name: n.cfg.NodeName, HTTP: httpAddr, Cluster: n.raftAddr(), Version: n.cfg.Version}
	n.gossip.Start(meta, n.foreign)
	n.down.Go("membership", func(ctx context.Context) { n.housekeep(ctx, meta) })
	n.down.Go("bootstrap", n.boot.Run)
	n.down.Go("survey", n.survey.Run)
	lookout := members.LookoutOptions{
		Self: n.id.ID, Raft: r, Members: n.gossip.Members, NameOf: n.nameOf,
		Fresh: n.fresh, Stopping: n.stopping.Load, Troubles: n.troubles, Log: n.log,
	}
	n.down.Go("lookout", func(ctx context.Context) { members.LookOut(ctx, lookout) })
	return nil
}

// fresh reports whether this node has never been part of a cluster.
func (n *Node) fresh() bool {
	r := n.raft.Load()
	return r.LastIndex() == 0 && len(r.GetConfiguration().Configuration().Servers) == 0
}

// foreign ends a node that was told to join another cluster than its folder's,
// unless it has found its own meanwhile.
func (n *Node) foreign(err error) {
	if _, leader := n.raft.Load().LeaderWithID(); leader == "" {
		n.fail(fmt.Errorf("this data folder and the nodes of --join do not fit: %w; correct --join, or use an empty --data-dir", err))
	}
}

// housekeep keeps the data folder's memory of the cluster true.
func (n *Node) housekeep(ctx context.Context, meta members.Meta) {
	for {
		if err := n.remember(&meta); err != nil {
			n.fail(err)
			return
		}
		select {
		case <-tick.Next(tick.Every):
		case <-n.hearing.Changed:
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) remember(meta *members.Meta) error {
	if named := n.store.ClusterID(); !named.IsZero() {
		if err := n.id.SetClusterID(named); err != nil {
			return err
		}
		if own := n.id.Cluster(); own != named {
			return fmt.Errorf("this data folder is of cluster %s, but its log is of cluster %s: restore the folder, or start with an empty one", own, named)
		}
		meta.ClusterID = named
	}
	if differ := n.ownSettings(); differ != nil {
		n.troubles.Note("settings", differAfter, fmt.Sprintf("this node was started with other settings than the cluster runs under (%s): they will be the cluster's when this node leads; give all nodes the same", strings.Join(differ, ", ")))
	}
	meta.Deaf, meta.Disk = !n.hearing.OK(), n.disk.Level()
	n.gossip.SetMeta(*meta)
	var peers []string
	for _, m := range n.gossip.Members() {
		if m.ID != n.id.ID {
			peers = append(peers, m.Gossip)
		}
	}
	return n.id.SetPeers(peers)
}

// answer answers another node's question, and always says who answers: the asker may
// have meant the node that was at this address before.
func (n *Node) answer(ctx context.Context, boot *members.Bootstrapper, req transport.Question) transport.Answer {
	a := n.decide(ctx, boot, req)
	a.Node = n.id.ID
	return a
}

func (n *Node) decide(ctx context.Context, boot *members.Bootstrapper, req transport.Question) transport.Answer {
	switch req.Op {
	case transport.AskInfo:
		applied, _ := n.fsm.Progress()
		return transport.Answer{Code: fsm.CodeOK, Cluster: n.id.Cluster(), Fresh: n.fresh(), Applied: applied}
	case transport.AskPromise:
		return boot.Answer(req)
	case transport.AskRemove:
		return answerOf(n.removeHere(ctx, req.Node))
	case transport.AskHeldPings:
		return n.answerHeld()
	case transport.AskState:
		applied, _ := n.fsm.Progress()
		return transport.Answer{Code: fsm.CodeOK, Applied: applied, Clock: n.WallClock().UnixMilli(), Differs: n.ownSettings()}
	case transport.AskRemoved:
		return answerOf(n.noteRemoval(req))
	}
	return transport.Answer{Code: fsm.CodeInvalid, Words: "unknown question"}
}

func answerOf(err error) transport.Answer {
	if err == nil {
		return transport.Answer{Code: fsm.CodeOK}
	}
	return transport.Answer{Code: fsm.CodeOf(err), Words: err.Error()}
}

// Remove takes a node out of the cluster for good, by name or ID; the data folder
// of a removed node cannot come back. The error wraps fsm.ErrNotFound if there is
// no such node, fsm.ErrRejected if the rest would be no majority.
func (n *Node) Remove(ctx context.Context, nameOrID string) error {
	for {
		err := n.removeOnce(ctx, nameOrID)
		if !errors.Is(err, fsm.ErrNotLeader) && !errors.Is(err, fsm.ErrNoLeader) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond): // an election, or a leader that hands over to be removed
		case <-ctx.Done():
			return err
		}
	}
}

func (n *Node) removeOnce(ctx context.Context, nameOrID string) error {
	v := n.leaderView()
	switch {
	case v.ID == "":
		return fsm.ErrNoLeader
	case v.ID == n.id.ID.String():
		return n.removeHere(ctx, nameOrID)
	}
	a, err := n.port.Ask(ctx, v.Addr, transport.Question{Op: transport.AskRemove, Asker: n.id.ID, Node: nameOrID})
	if err != nil {
		return fmt.Errorf("%w: the leader did not answer: %v", fsm.ErrUnknownOutcome, err)
	}
	return a.Err()
}

// removeHere removes a node as the leader. A leader that is to go hands over
// first, and the asker asks the next one.
func (n *Node) removeHere(ctx context.Context, nameOrID string) error {
	r := n.raft.Load()
	if r == nil || n.rec == nil || r.State() != raft.Leader {
		return fsm.ErrNotLeader
	}
	if id, err := n.rec.Find(nameOrID); err == nil && id == n.id.ID && n.otherVoter(r) {
		if err := r.LeadershipTransfer().Error(); err != nil {
			n.log.Debug("the leadership could not be handed over", "error", err)
		}
		return fsm.ErrNotLeader
	}
	return n.rec.Remove(ctx, nameOrID)
}

// aliveMembers tells by ID which nodes gossip holds for alive.
func (n *Node) aliveMembers() map[string]bool { return members.AliveIDs(n.gossip.Members()) }

// votersWords tells how many voters there are, and who is missing.
func (n *Node) votersWords() string {
	return members.VotersWords(n.raft.Load().GetConfiguration().Configuration().Servers, n.aliveMembers(), n.nameOf)
}

// countMembers counts the nodes of the configuration by whether they live.
func (n *Node) countMembers() map[string]int {
	counts := map[string]int{"alive": 0, "dead": 0, "deaf": 0}
	alive, deaf := n.aliveMembers(), n.deafNodes()
	for _, s := range n.raft.Load().GetConfiguration().Configuration().Servers {
		if !alive[string(s.ID)] {
			counts["dead"]++
			continue
		}
		counts["alive"]++
		if deaf[string(s.ID)] {
			counts["deaf"]++
		}
	}
	return counts
}

func portOf(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	p, _ := strconv.Atoi(port)
	return p
}

// lastPort puts the last start's port in the place of port 0, if it is free.
func lastPort(addr string, last int) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port != "0" || last == 0 {
		return addr
	}
	again := net.JoinHostPort(host, strconv.Itoa(last))
	l, err := net.Listen("tcp", again)
	if err != nil {
		return addr
	}
	l.Close()
	return again
}

// alone reports whether the node takes no peers.
func (c Config) alone() bool { return len(c.Secrets) == 0 && !c.Insecure }

// checkAlone refuses to run a member of a larger cluster alone: it would wait for ever
// for peers that it may not talk to.
func (n *Node) checkAlone(servers []raft.Server) error {
	if !n.cfg.alone() {
		return nil
	}
	for _, s := range servers {
		if s.ID != raft.ServerID(n.id.ID.String()) {
			return configError("this data folder is of a cluster of %d nodes, and without the cluster's secret this node may not talk to the others: set --cluster-secret-file", len(servers))
		}
	}
	if len(servers) == 0 && n.cfg.BootstrapExpect == 0 {
		return configError("--bootstrap-expect 0 waits for a cluster to join, which needs the cluster's secret: set --cluster-secret-file, or --bootstrap-expect 1 for a node of its own")
	}
	return nil
}

// noteRemoval takes a leader's notice that this node was removed from its cluster. It names the
// node: whoever has taken a removed one's address is not meant.
func (n *Node) noteRemoval(notice transport.Question) error {
	if notice.Node != n.id.ID.String() || notice.Cluster != n.id.Cluster() {
		return fmt.Errorf("%w: the notice is for node %s of cluster %s", fsm.ErrNotFound, notice.Node, notice.Cluster)
	}
	if !n.wasToldRemoved() {
		n.log.Error("this node was removed from its cluster: stop it; to use the machine again, move the data folder away and start with an empty one")
	}
	n.toldRemoved.Store(time.Now().UnixNano())
	return nil
}

// wasToldRemoved reports whether this node was told that it was removed, and no leader has
// counted it as a member since: then the notice was wrong, or old.
func (n *Node) wasToldRemoved() bool {
	at := n.toldRemoved.Load()
	if r := n.raft.Load(); at != 0 && r != nil {
		return r.State() != raft.Leader && r.LastContact().UnixNano() < at
	}
	return at != 0
}
