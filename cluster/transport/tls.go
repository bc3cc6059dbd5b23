package transport

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// tlsName is the name in every certificate made from a secret.
const tlsName = "quorumbeat"

// Certificates made from a secret are looked at as if it were 2050: a node with a
// wrong clock must still reach the others. The secret, not time, ends their life.
var (
	tlsFrom  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	tlsNow   = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
	tlsUntil = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// TLS is both sides of mutual TLS between nodes.
type TLS struct {
	server, client *tls.Config
	source         [32]byte // a hash of what it was made of
}

// TLSOptions say whom a node trusts.
type TLSOptions struct {
	Secrets       [][]byte // the first signs, all are trusted
	Cert, Key, CA string   // PEM files to use instead of certificates made from the secrets
}

// NewTLS returns nil when neither a secret nor PKI files are given.
func NewTLS(o TLSOptions) (*TLS, error) {
	switch {
	case o.Cert != "":
		return pkiTLS(o)
	case len(o.Secrets) > 0:
		return secretTLS(o.Secrets)
	}
	return nil, nil
}

// secretTLS trusts whoever has a certificate signed by a key derived from one of
// the secrets, and issues itself one from the first.
func secretTLS(secrets [][]byte) (*TLS, error) {
	pool := x509.NewCertPool()
	var cert tls.Certificate
	for i, secret := range secrets {
		key := ed25519.NewKeyFromSeed(deriveKey(secret, purposeCA))
		ca, err := issueCA(key)
		if err != nil {
			return nil, err
		}
		pool.AddCert(ca)
		if i > 0 {
			continue
		}
		if cert, err = issueNode(ca, key); err != nil {
			return nil, err
		}
	}
	common := tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13,
		Time: func() time.Time { return tlsNow },
	}
	server, client := common.Clone(), common.Clone()
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, pool
	client.RootCAs, client.ServerName = pool, tlsName
	return &TLS{server, client, hashAll(secrets...)}, nil
}

func hashAll(parts ...[]byte) [32]byte { return sha256.Sum256(bytes.Join(parts, []byte{0})) }

func issueCA(key ed25519.PrivateKey) (*x509.Certificate, error) {
	// The subject names the key, so that with two secrets the right CA is tried.
	pub := key.Public().(ed25519.PublicKey)
	return issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: fmt.Sprintf("quorumbeat cluster %x", pub[:8])}, SubjectKeyId: pub[:20],
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, pub, key)
}

func issueNode(ca *x509.Certificate, caKey ed25519.PrivateKey) (tls.Certificate, error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "quorumbeat node"}, DNSNames: []string{tlsName},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, ca, pub, caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// issue signs a certificate; without a parent it signs itself.
func issue(c, parent *x509.Certificate, pub ed25519.PublicKey, key ed25519.PrivateKey) (*x509.Certificate, error) {
	c.SerialNumber = big.NewInt(1)
	if parent != nil {
		var serial [16]byte
		rand.Read(serial[:])
		c.SerialNumber = new(big.Int).SetBytes(serial[:])
	} else {
		parent = c
	}
	c.NotBefore, c.NotAfter = tlsFrom, tlsUntil
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// pkiTLS uses the operator's own certificates. A node is trusted for its CA, not
// for a name: addresses come from gossip.
func pkiTLS(o TLSOptions) (*TLS, error) {
	cert, err := tls.LoadX509KeyPair(o.Cert, o.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: the cluster certificate cannot be used: %v", fsm.ErrConfig, err)
	}
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		return nil, fmt.Errorf("%w: the cluster CA cannot be read: %v", fsm.ErrConfig, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: %s holds no CA certificate in PEM form", fsm.ErrConfig, o.CA)
	}
	common := tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	server, client := common.Clone(), common.Clone()
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, pool
	client.InsecureSkipVerify = true // the chain is verified below, the name is not
	client.VerifyConnection = func(s tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: between})
		return err
	}
	return &TLS{server, client, hashAll(append(cert.Certificate, pem)...)}, nil
}
