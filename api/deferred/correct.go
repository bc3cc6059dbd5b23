package deferred

import (
	"bufio"
	"bytes"
	"slices"

	"github.com/valyala/fasthttp"
)

var (
	closeLine  = []byte("\r\nConnection: close\r\n")
	headersEnd = []byte("\r\n\r\n")
)

// correct puts the reply to an outcome other than OK in place of the one held back, and
// returns its status.
func (c *replyConn) correct() int {
	opts := &c.pool.opts
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	opts.Failed(&ctx, c.reply, c.reply.code)
	n := c.lengthOfReply()
	switch {
	case n == 0: // the connection ended before anything was written
		c.held, c.closing = c.held[:0], true
		return ctx.Response.StatusCode()
	case bytes.Contains(c.held[:n], closeLine): // fasthttp is about to close it
		ctx.SetConnectionClose()
	case n == len(c.held) && c.pool.Leaving():
		ctx.SetConnectionClose()
		c.closing = true
	}
	c.held = slices.Replace(c.held, 0, n, Render(&ctx, c.reply.Head)...)
	return ctx.Response.StatusCode()
}

// Render returns a response as fasthttp writes it; head says that it is to HEAD.
func Render(ctx *fasthttp.RequestCtx, head bool) []byte {
	ctx.Response.SkipBody = head
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	_ = ctx.Response.Write(w) // a buffer takes everything
	_ = w.Flush()
	return b.Bytes()
}

// lengthOfReply is how much of held is the deferred reply, which is the first one there;
// 0 if it is not. Replies to later requests may follow it.
func (c *replyConn) lengthOfReply() int {
	end := bytes.Index(c.held, headersEnd)
	if end < 0 || !bytes.HasPrefix(c.held, statusLine) {
		return 0
	}
	end += len(headersEnd)
	var body []byte
	if !c.reply.Head {
		body = c.pool.opts.Body(c.reply)
	}
	if !bytes.HasPrefix(c.held[end:], body) {
		return 0
	}
	return end + len(body)
}
