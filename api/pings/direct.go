package pings

import (
	"bytes"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/deferred"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// TakeDirect takes a plain request that its connection does not give to the HTTP server, if
// it is a ping and nothing can be said against it: as takeBare does for all others.
func (p *Pings) TakeDirect(c *deferred.Conn, r deferred.Request, now time.Time) (taken bool) {
	defer func() {
		if fault := recover(); fault != nil {
			p.server.ReportFault(fault)
			c.TakeBack()
		}
	}()
	token, plain, ok := plainPing(r.Path)
	ordinal, known := p.store.Ordinal(token)
	if !ok || !known || !r.Post && p.store.OnlyPost(ordinal) || p.limited && p.limits.Ping(ordinal, now) != nil {
		return false
	}
	resolve := c.DeferReady(p.ready(plain, r.Head, now), deferred.Reply{Head: r.Head, Plain: plain}, now)
	if p.Cluster.PingThen(now.Add(Limit), fsm.Ping{Ordinal: ordinal, From: r.From}, resolve) != nil {
		c.TakeBack()
		return false
	}
	return true
}

// plainPing reads the path of a ping that tells nothing else; plain says that it is
// Healthchecks'.
func plainPing(path []byte) (t fsm.Token, plain, ok bool) {
	if raw, action, is := pingPath(path); is {
		t, err := fsm.ParseToken(raw)
		return t, false, err == nil && len(action) == 0
	}
	rest, is := healthchecksPath(path)
	if !is {
		return t, false, false
	}
	t, ok = plainPath(rest)
	return t, true, ok
}

var (
	pingPrefix = []byte("/v1/heartbeats/")
	pingSuffix = []byte("/ping")
	bodyOK     = []byte(`{"status":"ok"}`)
	bodyPaused = []byte(`{"status":"paused"}`)
)

// pingPath returns the token's place in the path of a ping, and that of what the
// ping tells, if the path goes on.
func pingPath(path []byte) (token, action []byte, ok bool) {
	if !bytes.HasPrefix(path, pingPrefix) {
		return nil, nil, false
	}
	path = path[len(pingPrefix):]
	i := bytes.IndexByte(path, '/')
	if i <= 0 || !bytes.HasPrefix(path[i:], pingSuffix) {
		return nil, nil, false
	}
	token, path = path[:i], path[i+len(pingSuffix):]
	if string(token) == "by-slug" { // as a route has it, and a slug may be "ping"
		return nil, nil, false
	}
	if len(path) == 0 {
		return token, nil, true
	}
	action = path[1:]
	if len(action) > 1 {
		action = bytes.TrimSuffix(action, []byte("/"))
	}
	if len(action) == 0 { // a slash at the end
		return token, nil, path[0] == '/'
	}
	return token, action, path[0] == '/' && isAction(action)
}

// readyReplies are the replies to recorded pings, which are the same for a second: they say
// what time it is. Each is made when it is first needed in a second, by fasthttp.
type readyReplies [2][2]atomic.Pointer[readyReply] // by plain and head

type readyReply struct {
	second int64
	bytes  []byte
}

// ready returns the reply to a recorded ping.
func (p *Pings) ready(plain, head bool, now time.Time) []byte {
	at := &p.replies[oneIf(plain)][oneIf(head)]
	if made := at.Load(); made != nil && made.second == now.Unix() {
		return made.bytes
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	if plain {
		accept(&ctx, false)
	} else {
		answerPing(&ctx, false)
	}
	p.server.Complete(&ctx)
	made := &readyReply{now.Unix(), deferred.Render(&ctx, head)}
	at.Store(made)
	return made.bytes
}

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
