package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// figures are what one run of the generator prints, as JSON.
type figures struct {
	PerSecond float64
	P50, P99  time.Duration
	Failed    int
}

// generate keeps every connection busy with one ping after another. A tenth of
// the time passes before it counts.
func generate(args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	addrs := flags.String("addrs", "", "HOST:PORT,… to spread the connections over")
	tokens := flags.String("tokens", "", "file with one token a line")
	conns := flags.Int("conns", 1, "connections")
	duration := flags.Duration("duration", time.Second, "how long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := os.ReadFile(*tokens)
	if err != nil {
		return err
	}
	names := strings.Fields(string(text))
	targets := strings.Split(*addrs, ",")

	clients := make([]*client, *conns)
	for i := range clients {
		if clients[i], err = dial(targets[i%len(targets)]); err != nil {
			return err
		}
		defer clients[i].conn.Close()
	}
	began := time.Now()
	from, until := began.Add(*duration/10), began.Add(*duration)
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() { c.run(names, i, from, until) })
	}
	wg.Wait()
	return json.NewEncoder(os.Stdout).Encode(sum(clients, until.Sub(from)))
}

func sum(clients []*client, length time.Duration) figures {
	var all []time.Duration
	var f figures
	for _, c := range clients {
		all = append(all, c.took...)
		f.Failed += c.failed
	}
	slices.Sort(all)
	if n := len(all); n > 0 {
		f.P50, f.P99 = all[n/2], all[n*99/100]
		f.PerSecond = float64(n) / length.Seconds()
	}
	return f
}

// client is one keep-alive connection.
type client struct {
	host   string
	conn   net.Conn
	r      *bufio.Reader
	took   []time.Duration
	failed int
}

func dial(addr string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{host: addr, conn: conn, r: bufio.NewReaderSize(conn, 1024)}, nil
}

func (c *client) run(tokens []string, first int, from, until time.Time) {
	var req []byte
	for i := first; ; i++ {
		req = fmt.Appendf(req[:0], "POST /v1/heartbeats/%s/ping HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", tokens[i%len(tokens)], c.host)
		began := time.Now()
		if began.After(until) {
			return
		}
		if err := c.ping(req); err != nil {
			c.failed++
			fmt.Fprintln(os.Stderr, "load:", err)
			return // the connection is no use any more
		}
		if now := time.Now(); began.After(from) && now.Before(until) {
			c.took = append(c.took, now.Sub(began))
		}
	}
}

func (c *client) ping(req []byte) error {
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.conn.Write(req); err != nil {
		return err
	}
	status, err := c.r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered %q", status)
	}
	return c.skipRest()
}

// skipRest reads the headers and the body that they announce.
func (c *client) skipRest() error {
	length := -1
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer without Content-Length")
	}
	_, err := c.r.Discard(length)
	return err
}
