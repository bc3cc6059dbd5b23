package settings

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/quorumbeat/quorumbeat/alerting"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// CheckMachine looks at what the settings name on this machine.
func (s *Node) CheckMachine() error { return firstError(s.checkCertificates, s.checkDataDir) }

// checkAddresses looks at the ports, and whether two settings want the same one.
func (s *Node) checkAddresses() error {
	bound := []struct{ flag, addr string }{{"--http-addr", s.HTTPAddr}, {"--cluster-addr", s.Cluster.ClusterAddr}, {"--gossip-addr", s.Cluster.GossipAddr}}
	for i, a := range bound {
		if err := checkAddress(a.flag, a.addr, 0); err != nil {
			return err
		}
		for _, b := range bound[:i] {
			if samePort(a.addr, b.addr) {
				return usage.Errorf("%s and %s both are %s: each needs a port of its own", b.flag, a.flag, a.addr)
			}
		}
	}
	for _, addr := range s.Cluster.Join {
		if err := checkAddress("--join", addr, 1); err != nil {
			return err
		}
	}
	return nil
}

func checkAddress(flag, addr string, least int) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return usage.Errorf("%s is %q: use HOST:PORT, like 127.0.0.1:8080, or :8080 for every address of this machine", flag, addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < least || n > 65535 {
		return usage.Errorf("%s is %q: the port must be a number from %d to 65535", flag, addr, least)
	}
	return nil
}

// samePort reports whether two addresses cannot both be listened at.
func samePort(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	everywhere := func(host string) bool { ip := net.ParseIP(host); return host == "" || ip != nil && ip.IsUnspecified() }
	return portA == portB && portA != "0" && (hostA == hostB || everywhere(hostA) || everywhere(hostB))
}

// checkCertificates loads what TLS will load.
func (s *Node) checkCertificates() error {
	for _, pair := range []struct{ flag, cert, key string }{
		{"--http-tls-cert", s.API.TLSCert, s.API.TLSKey}, {"--cluster-tls-cert", s.Cluster.TLSCert, s.Cluster.TLSKey},
	} {
		if pair.cert == "" {
			continue
		}
		if _, err := tls.LoadX509KeyPair(pair.cert, pair.key); err != nil {
			return fmt.Errorf("%s %s with its key %s cannot be used: %w", pair.flag, pair.cert, pair.key, err)
		}
	}
	if s.Cluster.TLSCA == "" {
		return nil
	}
	pem, err := os.ReadFile(s.Cluster.TLSCA)
	if err != nil {
		return fmt.Errorf("--cluster-tls-ca: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("--cluster-tls-ca: %s holds no PEM certificate", s.Cluster.TLSCA)
	}
	return nil
}

// checkDataDir makes sure that the data folder is one that this user can write to, or
// that it can be made.
func (s *Node) checkDataDir() error {
	dir := s.Cluster.DataDir
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at):
			continue
		case err != nil:
			return fmt.Errorf("--data-dir %s cannot be looked at: %w", dir, err)
		case !info.IsDir():
			return fmt.Errorf("--data-dir %s: %s is not a folder", dir, at)
		case unix.Access(at, unix.R_OK|unix.W_OK|unix.X_OK) != nil:
			return fmt.Errorf("--data-dir %s: user %d cannot write to %s: give it the folder ('chown %d %s'), or choose another one", dir, os.Geteuid(), at, os.Geteuid(), dir)
		}
		return nil
	}
}

// CheckKeys looks at the files of the keys that TLS reads itself.
func (s *Node) CheckKeys() error {
	for _, k := range []struct{ setting, path string }{
		{"--http-tls-key", s.API.TLSKey}, {"--cluster-tls-key", s.Cluster.TLSKey},
	} {
		if k.path != "" {
			if err := checkSecretFile(k.setting, k.path); err != nil {
				return err
			}
		}
	}
	return nil
}

// Certificates lists the files that hold certificates and their keys.
func (s *Node) Certificates() (files []string) {
	for _, name := range []string{s.API.TLSCert, s.API.TLSKey, s.Cluster.TLSCert, s.Cluster.TLSKey, s.Cluster.TLSCA} {
		if name != "" {
			files = append(files, name)
		}
	}
	return files
}

// Warnings tell of settings that are valid, but seldom meant.
func (s *Node) Warnings() (list []string) {
	if len(s.Alerting.Settings.MailTo) == 0 {
		list = append(list, "no --mail-to is set: when a heartbeat fails that names no email of its own, nobody is told")
	}
	if s.Alerting.MailFrom == alerting.DefaultConfig().MailFrom && s.Alerting.SMTPURL != "stdout:" {
		list = append(list, "--mail-from is "+s.Alerting.MailFrom+", which many mail servers refuse: set an address of yours")
	}
	return list
}
