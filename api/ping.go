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

// pingPath returns the token's place in the path of a ping.
func pingPath(path []byte) (token []byte, ok bool) {
	if len(path) <= len(pingPrefix)+len(pingSuffix) || !bytes.HasPrefix(path, pingPrefix) || !bytes.HasSuffix(path, pingSuffix) {
		return nil, false
	}
	token = path[len(pingPrefix) : len(path)-len(pingSuffix)]
	return token, bytes.IndexByte(token, '/') < 0
}

// ping records a good run. It answers 200 only once the ping is on the disks of a
// majority.
func (s *Server) ping(ctx *fasthttp.RequestCtx, raw []byte) {
	start, status := ctx.Time(), fasthttp.StatusInternalServerError // unless it gets to its end
	defer func() { s.met.pinged(status, time.Since(start)) }()
	paused, err := s.takePing(ctx, raw, start)
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

func (s *Server) takePing(ctx *fasthttp.RequestCtx, raw []byte, now time.Time) (paused bool, err error) {
	switch string(ctx.Method()) { // compared, not copied
	case "GET", "HEAD", "POST", "PUT":
	default:
		return false, notAllowed(ctx, []string{"GET", "HEAD", "POST", "PUT"})
	}
	token, err := fsm.ParseToken(raw)
	if err != nil {
		return false, errNotFound
	}
	ordinal, known := s.store.Ordinal(token)
	if !known {
		if err := s.certain.wait(within(commandLimit)); err != nil {
			return false, err
		}
		if ordinal, known = s.store.Ordinal(token); !known {
			return false, errNotFound
		}
	}
	code, err := s.cluster.Ping(now.Add(commandLimit), fsm.PingOrdinal{Ordinal: ordinal, From: remote(ctx)})
	return code == fsm.CodePaused, err
}

// remote returns who called, by the connection's other end.
func remote(ctx *fasthttp.RequestCtx) netip.Addr {
	if a, ok := ctx.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
