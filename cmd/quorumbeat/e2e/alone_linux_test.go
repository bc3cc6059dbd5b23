package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestANodeWithoutASecretOpensNoPortForPeers looks at the sockets that the process has.
func TestANodeWithoutASecretOpensNoPortForPeers(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	e := startWith(t, sink, localcluster.Options{Nodes: 1, Flags: mailFlags(sink, "none"), Secret: localcluster.NoSecret})
	n := e.Nodes[0]
	if n.Addrs.HTTP == "" || n.Addrs.Cluster != "" || n.Addrs.Gossip != "" {
		t.Errorf("addrs.json: %+v", n.Addrs)
	}
	if open := listening(t, n.PID()); len(open) != 1 || open[0] != n.Addrs.HTTP {
		t.Errorf("it listens at %q, want %s only", open, n.Addrs.HTTP)
	}
	h := create(t, n, fields{"name": "job", "interval_secs": 3600})
	ping(t, n, h)

	testkit.Must(t, n.Stop())
	e.Secret = strings.Repeat("given later ", 3) // the node now takes peers
	testkit.Must(t, n.Start())
	e.joinByTwo(t)
	for _, n := range e.Nodes {
		ping(t, n, h)
	}
	if h := get(t, e.Nodes[2], h.ID); h.PingsTotal != 4 {
		t.Errorf("%d pings, want 4", h.PingsTotal)
	}
}

// listening tells where a process has TCP listeners and UDP sockets.
func listening(t *testing.T, pid int) (addrs []string) {
	t.Helper()
	proc := filepath.Join("/proc", fmt.Sprint(pid))
	own := map[string]bool{}
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	testkit.Must(t, err)
	for _, f := range files {
		to, _ := os.Readlink(filepath.Join(proc, "fd", f.Name()))
		own[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		f, err := os.Open(filepath.Join(proc, "net", table))
		testkit.Must(t, err)
		for lines := bufio.NewScanner(f); lines.Scan(); {
			col := strings.Fields(lines.Text())
			if own[col[9]] && (col[3] == "0A" || strings.HasPrefix(table, "udp")) {
				addrs = append(addrs, socketAddr(col[1]))
			}
		}
		f.Close()
	}
	return addrs
}

// socketAddr reads an address as the kernel writes it, 0100007F:1F90; one of IPv6 is
// left as it is.
func socketAddr(s string) string {
	var d, c, b, a, port int
	if n, _ := fmt.Sscanf(s, "%02X%02X%02X%02X:%04X", &d, &c, &b, &a, &port); n < 5 {
		return s
	}
	return fmt.Sprintf("%d.%d.%d.%d:%d", a, b, c, d, port)
}
