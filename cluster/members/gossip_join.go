package members

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	joinEvery   = time.Second
	rejoinEvery = 10 * time.Second
	joinAfter   = 3 * time.Second  // until it is told that an address of --join does not answer
	lookupLimit = 5 * time.Second  // for a name
	nameLimit   = 30 * time.Second // for the name of this node itself, at its start
)

// keepJoined asks every known address until it answers, and those that went
// missing now and then, so that two halves of a cluster find together again.
func (g *Gossip) keepJoined(ctx context.Context) {
	for {
		g.joinMissing(ctx)
		wait := rejoinEvery
		if g.list.NumMembers() == 1 && len(g.missing()) > 0 {
			wait = joinEvery
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// joinMissing asks each address that no living member has. Names are looked up anew each time.
func (g *Gossip) joinMissing(ctx context.Context) {
	missing, found := g.missing(), false
	var foreign error
	for _, addr := range missing {
		_, err := g.list.Join([]string{addr})
		if ctx.Err() != nil {
			return
		}
		given := slices.Contains(g.join, addr)
		switch {
		case err == nil:
			found = true
		case given && (errors.Is(err, errForeign) || foreignText(err)):
			foreign = err
		case given && g.needsJoin():
			g.troubles.Note("join "+addr, joinAfter, g.joinAdvice(ctx, addr, err))
			continue
		}
		g.troubles.Mended("join " + addr)
	}
	if foreign != nil && !found {
		g.onForeign(foreign)
	}
}

// needsJoin reports whether this node is still in need of --join. Later a peer that is
// missing is told of as such.
func (g *Gossip) needsJoin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.meta.ClusterID.IsZero() || len(g.alive) < 2
}

// joinAdvice says what to do about an address of --join.
func (g *Gossip) joinAdvice(ctx context.Context, addr string, err error) string {
	host, _, _ := net.SplitHostPort(addr)
	limited, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	if _, unknown := net.DefaultResolver.LookupHost(limited, host); unknown != nil {
		return fmt.Sprintf("the name %s of --join is not known yet (%v), it is looked up again: correct --join or the DNS if it should be", host, unknown)
	}
	words := strings.TrimSpace(err.Error())
	last := words[strings.LastIndex(words, ": ")+1:]
	for _, silent := range []string{"refused", "timeout", "unreachable", "no route"} {
		if strings.Contains(words, silent) {
			return fmt.Sprintf("no node answers at %s of --join (%s): start it, or correct --join, which takes the --gossip-addr of other nodes", addr, strings.TrimSpace(last))
		}
	}
	return fmt.Sprintf("what answers at %s of --join does not gossip with this node (%s): --join takes the --gossip-addr of other nodes, and all need the same cluster secret", addr, strings.TrimSpace(last))
}

// awaitHost looks up a name of this machine, which may be known a little after its start.
func (g *Gossip) awaitHost(flag, host string) (ip string, err error) {
	for began := time.Now(); ; {
		var unknown *net.DNSError
		if ip, err = resolveHost(host); !errors.As(err, &unknown) || time.Since(began) > nameLimit {
			return ip, err
		}
		g.troubles.Note("name of this node", 0, fmt.Sprintf("the name %s of %s is not known yet (%v), it is looked up again for %v: correct the setting or the DNS if it should be", host, flag, err, nameLimit))
		time.Sleep(joinEvery)
	}
}
