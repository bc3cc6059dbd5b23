package node

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"

	"github.com/quorumbeat/quorumbeat/api"
)

// listenHTTP binds the public address; port 0 is the last start's port again, if
// it is free.
func listenHTTP(addr, dataDir string) (net.Listener, error) {
	if host, port, err := net.SplitHostPort(addr); err == nil && port == "0" {
		if last := lastHTTPPort(filepath.Join(dataDir, addrsFile)); last != "" {
			if ln, err := api.Listen(net.JoinHostPort(host, last)); err == nil {
				return ln, nil
			}
		}
	}
	ln, err := api.Listen(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--http-addr %s is in use: stop the process that listens there, or choose another address", addr)
	case err != nil:
		return nil, fmt.Errorf("--http-addr %s cannot be bound: %w", addr, err)
	}
	return ln, nil
}

// advertisedHTTP is where others find this node's HTTP, when it listens everywhere.
func advertisedHTTP(http, advertise, clusterAddr string) string {
	host, port, err := net.SplitHostPort(http)
	if err != nil {
		return http
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
		return http
	}
	if advertise == "" {
		advertise, _, _ = net.SplitHostPort(cmp.Or(clusterAddr, "127.0.0.1:0")) // nobody else asks a node without a cluster port
	}
	return net.JoinHostPort(advertise, port)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
