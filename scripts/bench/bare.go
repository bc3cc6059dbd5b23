package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/valyala/fasthttp"
)

var pong = []byte(`{"status":"ok"}`)

// serveBare is the yardstick: a handler that answers like a ping and does
// nothing. It prints its address, and ends when its input does.
func serveBare() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &fasthttp.Server{
		ReadTimeout: time.Minute, IdleTimeout: time.Minute,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("application/json")
			ctx.SetBody(pong)
		},
	}
	fmt.Println(ln.Addr())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		_ = server.Shutdown()
	}()
	return server.Serve(ln)
}
