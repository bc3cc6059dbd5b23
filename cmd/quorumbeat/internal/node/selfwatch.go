package node

import (
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/selfwatch"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
)

// newSelfWatch returns what watches the nodes and this node's certificates. It may look once HTTP is served.
func (n *Node) newSelfWatch(s *settings.Node, log *slog.Logger) *selfwatch.Watch {
	return &selfwatch.Watch{
		Cluster: n.Cluster, Store: n.store, Name: s.Cluster.NodeName, DownAfter: s.NodeDownAfter, Log: log, Canaries: s.Canaries,
		Certificates: func() []selfwatch.Certificate { return n.certificates(s.Cluster.TLSCert, s.Cluster.TLSCA) },
	}
}

// certificates are those that somebody has to renew: that of HTTP as it is in force, and the files of the
// cluster port's own ones. Those made of the cluster's secret do not expire.
func (n *Node) certificates(cert, ca string) (list []selfwatch.Certificate) {
	add := func(use string, c *x509.Certificate) {
		if c != nil {
			list = append(list, selfwatch.Certificate{Use: use, NotBefore: c.NotBefore, NotAfter: c.NotAfter})
		}
	}
	add("HTTP", n.server.Certificate())
	add("cluster", firstToExpire(cert))
	add("cluster CA", firstToExpire(ca))
	return list
}

// firstToExpire returns the certificate of a PEM file that expires first; nil if there is none.
func firstToExpire(file string) (first *x509.Certificate) {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil // being replaced, or its reloading says what is wrong
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return first
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && (first == nil || c.NotAfter.Before(first.NotAfter)) {
			first = c
		}
	}
}
