package yardstick

import (
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/valyala/fasthttp"
)

var pong = []byte(`{"status":"ok"}`)

// Serve runs what args describe: a handler that answers like a ping and does nothing, or one that makes the ping
// durable and nothing else. It prints its address, and ends when its input does.
func Serve(args []string) error {
	f := flag.NewFlagSet("bare", flag.ContinueOnError)
	cert := f.String("cert", "", "serve over TLS, with this certificate")
	key := f.String("key", "", "and its key")
	disk := f.String("disk", "", "answer when the ping is in this file")
	others := f.Int("others", 0, "and in those of a majority, with so many other processes")
	follow := f.Bool("follow", false, "be such a process")
	if err := f.Parse(args); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if *follow {
		fmt.Println(ln.Addr())
		return follower(ln, *disk)
	}
	answer, err := handler(*disk, *others)
	if err != nil {
		return err
	}
	server := &fasthttp.Server{ReadTimeout: time.Minute, IdleTimeout: time.Minute, Handler: answer}
	fmt.Println(ln.Addr())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		_ = server.Shutdown()
	}()
	if *cert != "" {
		return server.ServeTLS(ln, *cert, *key)
	}
	return server.Serve(ln)
}

// handler returns what answers: at once if there is no disk to wait for.
func handler(disk string, others int) (fasthttp.RequestHandler, error) {
	answer := func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("application/json")
		ctx.SetBody(pong)
	}
	if disk == "" {
		return answer, nil
	}
	c, err := newCommits(disk, others)
	if err != nil {
		return nil, err
	}
	return func(ctx *fasthttp.RequestCtx) {
		if err := c.commit(ctx.Path()); err != nil {
			ctx.Error(err.Error(), fasthttp.StatusServiceUnavailable)
			return
		}
		answer(ctx)
	}, nil
}
