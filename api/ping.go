package api

import (
	"bytes"
	"net"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

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
	if len(path) == 0 {
		return token, nil, true
	}
	action = path[1:]
	return token, action, path[0] == '/' && len(action) > 0 && isAction(action)
}

// ping records what a job tells, a good run most often. It answers 200 only once
// that is on the disks of a majority.
func (s *Server) ping(ctx *fasthttp.RequestCtx, raw, action []byte) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	defer func() { s.met.pinged(status, time.Since(start)) }()
	paused, err := s.takePing(ctx, raw, action, start)
	if err != nil {
		s.refuse(ctx, err)
	} else {
		ctx.Response.Header.SetContentType("application/json")
		body := bodyOK
		if paused {
			body = bodyPaused
		}
		ctx.Response.SetBodyRaw(body)
	}
	status = ctx.Response.StatusCode()
}

func (s *Server) takePing(ctx *fasthttp.RequestCtx, raw, action []byte, now time.Time) (paused bool, err error) {
	switch string(ctx.Method()) { // compared, not copied
	case "GET", "HEAD", "POST", "PUT":
	default:
		return false, notAllowed(ctx, []string{"GET", "HEAD", "POST", "PUT"})
	}
	token, err := fsm.ParseToken(raw)
	if err != nil {
		return false, errNotFound
	}
	ordinal, err := s.byToken(token)
	if err != nil {
		return false, err
	}
	if !bare(ctx, action) {
		g, err := readSignal(ctx, action, now)
		if err != nil {
			return false, err
		}
		return s.tell(ctx, ordinal, &g, now)
	}
	code, err := s.cluster.Ping(now.Add(commandLimit), fsm.PingOrdinal{Ordinal: ordinal, From: remote(ctx)})
	return code == fsm.CodePaused, err
}

// remote returns who called, by the connection's other end.
func remote(ctx *fasthttp.RequestCtx) netip.Addr {
	if c, ok := ctx.Conn().(*lingerConn); ok {
		return c.from
	}
	return addrOf(ctx.RemoteAddr())
}

func addrOf(a net.Addr) netip.Addr {
	if a, ok := a.(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
