// Package etcd runs three nodes of etcd on loopback, to compare with: what a put of a few bytes costs them is what a
// cluster costs that says yes when a majority has something on disk. It speaks etcd's API without its library.
package etcd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

const formLimit = time.Minute

// Cluster is three nodes.
type Cluster struct {
	nodes  []*exec.Cmd
	leader string // address
	http   *http.Client
}

// Find returns where etcd is; "": it is not installed.
func Find() string {
	path, _ := exec.LookPath("etcd")
	return path
}

// Start runs three nodes with their data below dir, and returns when they have a leader.
func Start(ctx context.Context, binary, dir string) (e *Cluster, err error) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	e = &Cluster{http: &http.Client{Transport: &http.Transport{Protocols: protocols}, Timeout: 10 * time.Second}}
	defer func() {
		if err != nil {
			e.Stop()
		}
	}()
	const nodes = 3
	var clients, peers, all []string
	for i := range nodes {
		client, err := freeAddr()
		if err != nil {
			return nil, err
		}
		peer, err := freeAddr()
		if err != nil {
			return nil, err
		}
		clients, peers = append(clients, client), append(peers, peer)
		all = append(all, fmt.Sprintf("e%d=http://%s", i, peer))
	}
	for i := range nodes {
		cmd := exec.Command(binary, "--name", fmt.Sprintf("e%d", i), "--data-dir", filepath.Join(dir, fmt.Sprintf("etcd%d", i)),
			"--listen-client-urls", "http://"+clients[i], "--advertise-client-urls", "http://"+clients[i],
			"--listen-peer-urls", "http://"+peers[i], "--initial-advertise-peer-urls", "http://"+peers[i],
			"--initial-cluster", strings.Join(all, ","), "--logger", "zap", "--log-level", "error", "--log-outputs", "stderr")
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		e.nodes = append(e.nodes, cmd)
	}
	e.leader, err = e.findLeader(ctx, clients)
	return e, err
}

// findLeader waits for the node that leads: it says so in its metrics.
func (e *Cluster) findLeader(ctx context.Context, clients []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, formLimit)
	defer cancel()
	for {
		for _, addr := range clients {
			if res, err := http.Get("http://" + addr + "/metrics"); err == nil {
				text, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if bytes.Contains(text, []byte("\netcd_server_is_leader 1\n")) {
					return addr, nil
				}
			}
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return "", errors.New("etcd has no leader")
		}
	}
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// PIDs are the nodes' processes.
func (e *Cluster) PIDs() (list []int) {
	for _, n := range e.nodes {
		list = append(list, n.Process.Pid)
	}
	return list
}

// Stop ends the nodes.
func (e *Cluster) Stop() {
	for _, n := range e.nodes {
		_ = n.Process.Signal(syscall.SIGKILL)
		_ = n.Wait()
	}
}

// put puts a key by etcd's API, gRPC without its library: a call is a POST over HTTP/2 whose body is a head of five
// bytes and the request, here the key (field 1) and a value of 16 bytes (field 2).
func (e *Cluster) put(ctx context.Context, key string) error {
	const valueBytes = 16
	msg := append([]byte{1<<3 | 2, byte(len(key))}, key...)
	msg = append(msg, 2<<3|2, valueBytes)
	msg = append(msg, make([]byte, valueBytes)...)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+e.leader+"/etcdserverpb.KV/Put",
		bytes.NewReader(append([]byte{0, 0, 0, 0, byte(len(msg))}, msg...)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	res, err := e.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if status := res.Trailer.Get("Grpc-Status"); status != "0" {
		return fmt.Errorf("etcd answers a put with status %s, %s", status, res.Trailer.Get("Grpc-Message"))
	}
	return nil
}

// Load puts keys on a schedule, so many a second for a time, as the load generator pings: latency counts from the
// time at which one was due.
func (e *Cluster) Load(ctx context.Context, rate float64, during time.Duration) (*load.Report, error) {
	gap := time.Duration(float64(time.Second) / rate)
	latency, lock := hdrhistogram.New(1, time.Minute.Microseconds(), 3), sync.Mutex{}
	var done, failed atomic.Int64
	var puts sync.WaitGroup
	began := time.Now()
	for i := 0; time.Duration(i)*gap < during; i++ {
		due := began.Add(time.Duration(i) * gap)
		if err := sleep(ctx, time.Until(due)); err != nil {
			return nil, err
		}
		puts.Go(func() {
			if err := e.put(ctx, fmt.Sprintf("heartbeat-%d", i%1000)); err != nil {
				failed.Add(1)
				return
			}
			done.Add(1)
			lock.Lock()
			defer lock.Unlock()
			_ = latency.RecordValue(max(1, time.Since(due).Microseconds())) // a minute would be an error above
		})
	}
	puts.Wait()
	ms := func(p float64) float64 { return float64(latency.ValueAtPercentile(p)) / 1000 }
	n := done.Load()
	return &load.Report{
		PerSecond: float64(n) / time.Since(began).Seconds(), Answers: map[int]int64{200: n, 500: failed.Load()},
		Latency: load.Percentiles{P50: ms(50), P99: ms(99)}, Whole: load.Ledger{Acknowledged: n},
	}, nil
}

// sleep lets time pass.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
