package main

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

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

func (p *program) configCommand() *cobra.Command {
	s, asJSON := newServeSettings(), false
	check := &cobra.Command{
		Use:   "check",
		Short: "Validate the settings of 'serve' without starting anything",
		Long: "Validate the settings of 'serve', from the same sources: flags, QUORUMBEAT_… variables and the file of --config. It finds\n" +
			"what serve would refuse (values, files, certificates, folders) and misspelt variables. It binds no port, and changes nothing.",
		Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			strange := p.strangeVariables(c.Root())
			if err := s.load(p, c.Flags()); err != nil || strange != nil {
				return usage.Wrap(errors.Join(append(strange, err)...))
			}
			if err := firstError(s.checkCertificates, s.checkDataDir); err != nil {
				return usage.Wrap(err)
			}
			for _, warning := range s.warnings() {
				fmt.Fprintln(p.stderr, "warning:", warning)
			}
			return p.tell(asJSON, map[string]bool{"valid": true}, "the settings are valid")
		},
	}
	s.register(check.Flags())
	completeSettings(check)
	registerJSON(check.Flags(), &asJSON)
	config := &cobra.Command{Use: "config", Short: "Look at settings", Args: usage.NoArguments, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	config.AddCommand(check)
	return config
}

// checkAddresses looks at the ports, and whether two settings want the same one.
func (s *serveSettings) checkAddresses() error {
	bound := []struct{ flag, addr string }{{"--http-addr", s.httpAddr}, {"--cluster-addr", s.cluster.ClusterAddr}, {"--gossip-addr", s.cluster.GossipAddr}}
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
	for _, addr := range s.cluster.Join {
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
func (s *serveSettings) checkCertificates() error {
	for _, pair := range []struct{ flag, cert, key string }{
		{"--http-tls-cert", s.api.TLSCert, s.api.TLSKey}, {"--cluster-tls-cert", s.cluster.TLSCert, s.cluster.TLSKey},
	} {
		if pair.cert == "" {
			continue
		}
		if _, err := tls.LoadX509KeyPair(pair.cert, pair.key); err != nil {
			return fmt.Errorf("%s %s with its key %s cannot be used: %w", pair.flag, pair.cert, pair.key, err)
		}
	}
	if s.cluster.TLSCA == "" {
		return nil
	}
	pem, err := os.ReadFile(s.cluster.TLSCA)
	if err != nil {
		return fmt.Errorf("--cluster-tls-ca: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("--cluster-tls-ca: %s holds no PEM certificate", s.cluster.TLSCA)
	}
	return nil
}

// checkDataDir makes sure that the data folder is one that this user can write to, or
// that it can be made.
func (s *serveSettings) checkDataDir() error {
	dir := s.cluster.DataDir
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
