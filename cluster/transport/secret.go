package transport

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// minSecret is the least length of a cluster secret, in bytes.
const minSecret = 32

// What keys are derived for. A change of either is a change of the protocol.
const (
	purposeCA     = "quorumbeat cluster CA v1"
	purposeGossip = "quorumbeat gossip v1"
)

// GenerateSecret makes a cluster secret: 32 random bytes in base64, one line.
func GenerateSecret() string {
	var b [minSecret]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// ParseSecrets reads a secret file: one secret, or two of which the first signs
// and both are trusted, each on a line of its own. A secret is the line's text as
// it stands. The error wraps [fsm.ErrConfig] and says what to do.
func ParseSecrets(file []byte) ([][]byte, error) {
	var secrets [][]byte
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line != "" {
			secrets = append(secrets, []byte(line))
		}
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%w: the cluster secret is empty: make one with 'quorumbeat secret'", fsm.ErrConfig)
	}
	return secrets, CheckSecrets(secrets)
}

// CheckSecrets tells what is wrong with secrets; none at all is fine.
func CheckSecrets(secrets [][]byte) error {
	if len(secrets) > 2 {
		return fmt.Errorf("%w: %d cluster secrets: the file may hold two, the first signs and both are trusted", fsm.ErrConfig, len(secrets))
	}
	for _, s := range secrets {
		if len(s) < minSecret {
			return fmt.Errorf("%w: the cluster secret is %d bytes long, %d are needed: make one with 'quorumbeat secret'", fsm.ErrConfig, len(s), minSecret)
		}
	}
	return nil
}

// deriveKey makes 32 bytes of a secret for one purpose.
func deriveKey(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, 32)
	if err != nil {
		panic(err) // only for a length that HKDF cannot give
	}
	return key
}

// GossipKeys derives the keys of the gossip, the one that encrypts first.
func GossipKeys(secrets [][]byte) (keys [][]byte) {
	for _, s := range secrets {
		keys = append(keys, deriveKey(s, purposeGossip))
	}
	return keys
}
