package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func TestTheGeneratorCountsWhatIsAnsweredAndWhatIsNot(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		if strings.Contains(string(ctx.Path()), "bad") {
			ctx.SetStatusCode(503)
			return
		}
		ctx.SetBody(pong)
	}}
	done := make(chan error)
	go func() { done <- server.Serve(ln) }()
	for token, failed := range map[string]int{"good": 0, "bad": 1} {
		c, err := dial(ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		c.run([]string{token}, 0, now, now.Add(50*time.Millisecond))
		c.conn.Close()
		f := sum([]*client{c}, 50*time.Millisecond)
		if f.Failed != failed || (f.PerSecond > 0) != (failed == 0) || f.P99 < f.P50 {
			t.Errorf("%s: %+v", token, f)
		}
	}
	if err := server.Shutdown(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTheTableShowsMediansOfRatios(t *testing.T) {
	var tab table
	for _, leader := range []float64{50, 80, 20} {
		tab.rounds = append(tab.rounds, round{
			bare: figures{PerSecond: 100}, leader: figures{PerSecond: leader}, spread: figures{PerSecond: 60},
			single: figures{PerSecond: 1, P50: 3 * time.Millisecond}, apply: 2 * time.Millisecond,
		})
	}
	var out strings.Builder
	tab.print(&out, options{})
	for _, want := range []string{"0.50", "0.60", "1.50", "2ms"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
