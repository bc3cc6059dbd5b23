package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// selfSigned makes a certificate for 127.0.0.1 and the file to trust it by.
func selfSigned(t *testing.T) (*tls.Config, string) { return selfSignedFor(t, time.Hour, time.Hour) }

// selfSignedFor makes one that has been valid for a while, and will be, also for some names.
func selfSignedFor(t *testing.T, past, left time.Duration, names ...string) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	testkit.Must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sink"},
		NotBefore: time.Now().Add(-past), NotAfter: time.Now().Add(left),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: names,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	testkit.Must(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	testkit.Must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

func TestPingsOverHTTPS(t *testing.T) {
	t.Parallel()
	pair, ca := selfSigned(t)
	der, err := x509.MarshalPKCS8PrivateKey(pair.Certificates[0].PrivateKey)
	testkit.Must(t, err)
	key := filepath.Join(t.TempDir(), "key.pem")
	testkit.Must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	c, err := localcluster.Start(localcluster.Options{
		Binary: plain.path(t), Dir: t.TempDir(), Nodes: 1, AdminKey: adminKey,
		Flags: []string{"--smtp-url", "stdout:", "--http-tls-cert", ca, "--http-tls-key", key},
	})
	testkit.Must(t, err)
	defer c.Close()
	pool := x509.NewCertPool()
	text, err := os.ReadFile(ca)
	testkit.Must(t, err)
	pool.AppendCertsFromPEM(text)
	https := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	testkit.Eventually(t, "the node is ready over HTTPS", func() bool {
		resp, err := https.Get("https://" + c.Nodes[0].Addrs.HTTP + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if a, err := tryCall("", "GET", c.Nodes[0].URL()+"/readyz", nil); err == nil && a.status == http.StatusOK {
		t.Error("the same port answers without TLS")
	}
}
