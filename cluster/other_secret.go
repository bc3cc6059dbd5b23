package cluster

import (
	"crypto/tls"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const otherSecretAdvice = "give all nodes the same --cluster-secret-file"

// secretWatch reads memberlist's log for peers that have another key than this node,
// or none, and tells of them in plain words.
type secretWatch struct{ trouble *troubles }

var gossipPeer = regexp.MustCompile(`from=(\[[^\]]*\]|[0-9.]+)`)

func (w secretWatch) Write(line []byte) (int, error) {
	if saysOtherSecret(string(line)) {
		from := "an address of --join"
		if m := gossipPeer.FindSubmatch(line); m != nil {
			from = string(m[1])
		}
		w.trouble.note("gossip "+from, 0, fmt.Sprintf("a node with another cluster secret, or with none, was met by gossip (%s) and is not listened to: %s", from, otherSecretAdvice))
	}
	return len(line), nil
}

// saysOtherSecret recognises memberlist's words, on the side that asks and on the other.
func saysOtherSecret(line string) bool {
	for _, words := range []string{"no installed keys could decrypt", "state is not encrypted", "encryption is not configured"} {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// whyRefused says in plain words what a failed handshake means, "" if it means little: a
// probe of the port, or a connection that was cut.
func whyRefused(err error) string {
	var noTLS tls.RecordHeaderError
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.As(err, &noTLS):
		return "it does not speak TLS, so it is a node without the cluster secret, or no node"
	case errors.As(err, &unverified), err != nil && strings.Contains(err.Error(), "tls: "):
		return "it has another cluster secret, or a certificate of another CA: " + otherSecretAdvice
	}
	return ""
}
