package burst

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// FindHAProxy returns where HAProxy is; "": it is not installed.
func FindHAProxy() string {
	path, err := exec.LookPath("haproxy")
	if err != nil {
		path = "/usr/sbin/haproxy" // which is not in every user's path
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// Balancer is an HAProxy that gives requests to servers in turn, over connections that it keeps.
type Balancer struct {
	Addr string
	cmd  *exec.Cmd
}

const balancerConfig = `global
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 15s
  timeout server 15s
  option redispatch
frontend pings
  bind %s backlog 4096
  default_backend nodes
backend nodes
  balance roundrobin
  http-reuse always
`

// StartBalancer begins one before servers, and returns when it listens.
func StartBalancer(binary, dir string, servers []string) (*Balancer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Balancer{Addr: l.Addr().String()}
	l.Close()
	var config strings.Builder
	fmt.Fprintf(&config, balancerConfig, b.Addr)
	for i, s := range servers {
		fmt.Fprintf(&config, "  server n%d %s\n", i+1, s)
	}
	file := filepath.Join(dir, fmt.Sprintf("haproxy-%d.cfg", len(servers)))
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		return nil, err
	}
	b.cmd = exec.Command(binary, "-db", "-q", "-f", file)
	b.cmd.Stderr = os.Stderr
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		var conn net.Conn
		if conn, err = net.Dial("tcp", b.Addr); err == nil {
			conn.Close()
			return b, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.Stop()
	return nil, fmt.Errorf("HAProxy does not listen: %w", err)
}

// PID is its process.
func (b *Balancer) PID() int { return b.cmd.Process.Pid }

// Stop ends it.
func (b *Balancer) Stop() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
}
