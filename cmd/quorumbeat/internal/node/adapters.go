package node

import (
	"context"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/api"
	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// clusterForAPI shows the cluster to the API, which must not know its package.
type clusterForAPI struct{ *cluster.Node }

func (c clusterForAPI) Status() api.ClusterStatus {
	s := c.Node.Status()
	out := api.ClusterStatus{ClusterID: s.ClusterID, Term: s.Term, Leader: s.Leader, Troubles: c.Troubles()}
	for _, n := range s.Nodes {
		out.Nodes = append(out.Nodes, api.NodeStatus(n))
	}
	return out
}

// channelsForAPI lets the API test channels.
type channelsForAPI struct{ s *alerting.Service }

func (c channelsForAPI) TestChannel(ctx context.Context, id fsm.ChannelID) (api.ChannelTest, error) {
	r, err := c.s.TestChannel(ctx, id)
	return api.ChannelTest{Accepted: r.Accepted, Answer: r.Answer}, err
}

// mailForAPI shows a node's way to the mail server to the API.
type mailForAPI struct{ s *alerting.Service }

func (m mailForAPI) Status() api.MailStatus { return api.MailStatus(m.s.MailStatus()) }

func (m mailForAPI) Test(ctx context.Context, to string) (out []api.MailTest) {
	for _, r := range m.s.TestMail(ctx, to) {
		out = append(out, api.MailTest(r))
	}
	return out
}
