package api

import (
	"bufio"
	"bytes"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// correct puts the answer that an outcome other than OK has in place of the one that
// is kept, and returns its status.
func (s *Server) correct(c *owedConn) int {
	ctx := s.otherAnswer(&c.debt)
	n := c.debt.length(c.kept)
	switch {
	case n == 0: // the connection ended before anything was written
		c.kept, c.closing = c.kept[:0], true
		return ctx.Response.StatusCode()
	case bytes.Contains(c.kept[:n], closeLine): // fasthttp is about to close it
		ctx.SetConnectionClose()
	case n == len(c.kept) && s.leaving.Load():
		ctx.SetConnectionClose()
		c.closing = true
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	_ = ctx.Response.Write(w) // a buffer takes everything
	_ = w.Flush()
	c.kept = slices.Replace(c.kept, 0, n, b.Bytes()...)
	return ctx.Response.StatusCode()
}

// otherAnswer is what a handler that waits would have answered.
func (s *Server) otherAnswer(d *debt) *fasthttp.RequestCtx {
	var req fasthttp.Request
	if d.plain {
		req.SetRequestURI("/ping")
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&req, nil, nil)
	if d.code == fsm.CodePaused {
		answerPing(&ctx, true)
	} else {
		s.refuse(&ctx, d.code.Err())
	}
	private(&ctx)
	ctx.Response.SkipBody = d.head
	return &ctx
}

var (
	statusLine = []byte("HTTP/1.1 200 OK\r\n")
	closeLine  = []byte("\r\nConnection: close\r\n")
	headersEnd = []byte("\r\n\r\n")
)

// length is how much of kept is the answer that is owed, which is the first one there;
// 0 if it is not.
func (d *debt) length(kept []byte) int {
	end := bytes.Index(kept, headersEnd)
	if end < 0 || !bytes.HasPrefix(kept, statusLine) {
		return 0
	}
	end += len(headersEnd)
	body := bodyOK
	switch {
	case d.head:
		body = nil
	case d.plain:
		body = textOK
	}
	if !bytes.HasPrefix(kept[end:], body) {
		return 0
	}
	return end + len(body)
}
