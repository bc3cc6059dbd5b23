package transport

import (
	"crypto/tls"
	"errors"
	"strings"
)

// OtherSecretAdvice says what to do about a node with another secret.
const OtherSecretAdvice = "give all nodes the same --cluster-secret-file"

// whyRefused says in plain words what a failed handshake means, "" if it means little: a
// probe of the port, or a connection that was cut.
func whyRefused(err error) string {
	var noTLS tls.RecordHeaderError
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.As(err, &noTLS):
		return "it does not speak TLS, so it is a node without the cluster secret, or no node"
	case errors.As(err, &unverified), err != nil && strings.Contains(err.Error(), "tls: "):
		return "it has another cluster secret, or a certificate of another CA: " + OtherSecretAdvice
	}
	return ""
}
