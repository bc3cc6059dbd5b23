package node

import (
	"context"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/outbound"
	"github.com/quorumbeat/quorumbeat/api"
)

const (
	commitLimit   = 5 * time.Second        // for a commit, of a leader that is well
	clockWatched  = 400 * time.Millisecond // for how long the serving clock is watched
	mailLimit     = 10 * time.Second       // for an answer of the mail server
	alertPatience = 5 * time.Minute        // for an alert to be sent, beside what grouping takes
	groupsWaited  = 30                     // group waits that an alert may wait for others (see ledger)
)

// viewOfHealth looks at the cluster as its leader.
func (n *Node) viewOfHealth(ctx context.Context) (v outbound.View) {
	if v.Quorum = n.commitOne(ctx); v.Quorum != nil {
		return v
	}
	served, began := n.store.Serving(), time.Now()
	select {
	case <-time.After(clockWatched):
	case <-ctx.Done():
	}
	if v.Quorum = n.commitOne(ctx); v.Quorum != nil {
		return v
	}
	v.Served, v.Watched = time.Duration(n.store.Serving()-served)*time.Millisecond, time.Since(began)
	v.Listener = n.server.Hears()
	limited, cancel := context.WithTimeout(ctx, mailLimit)
	defer cancel()
	v.Mail = n.mails.CheckMailServer(limited)
	v.Oldest = n.store.OverdueAlert()
	v.Patience = alertPatience + groupsWaited*time.Duration(n.store.Settings().GroupWait)*time.Millisecond
	return v
}

// commitOne has a batch committed and applied here.
func (n *Node) commitOne(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, commitLimit)
	defer cancel()
	return n.Cluster.ReadBarrier(limited)
}

// outboundForAPI shows what is known of the other monitor to the API.
func outboundForAPI(p *outbound.Pinger) func() api.OutboundStatus {
	return func() api.OutboundStatus {
		s := p.Status()
		return api.OutboundStatus{State: string(s.State), Why: s.Why, Last: s.Last}
	}
}
