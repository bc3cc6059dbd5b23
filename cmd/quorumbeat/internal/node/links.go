package node

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// links signs the links in mails by which whoever has the mail may acknowledge and snooze its
// incident, without a key of the API, and reads them. The keys are made of the cluster's
// secrets, so that a link leads to any node; without a secret there are no links.
type links struct{ keys atomic.Pointer[[][]byte] }

// linkLength is that of a link's token, as bytes: heartbeat, number, end, signature.
const linkLength = 12 + 4 + 4 + linkMAC

const linkMAC = 16

// setSecrets takes the cluster's secrets: the first one signs, all of them are believed.
func (l *links) setSecrets(secrets [][]byte) error {
	var keys [][]byte
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "quorumbeat incident links", 32)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	l.keys.Store(&keys)
	return nil
}

// Sign returns the token of a link to an incident that is good until a time; "" without a secret.
// The same incident and time give the same token.
func (l *links) Sign(ref fsm.IncidentRef, until time.Time) string {
	keys := l.keys.Load()
	if keys == nil || len(*keys) == 0 {
		return ""
	}
	b := binary.BigEndian.AppendUint32(append([]byte{}, ref.Heartbeat[:]...), ref.Number)
	b = binary.BigEndian.AppendUint32(b, uint32(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, signature((*keys)[0], b)...))
}

// Open reads a token. It is false if no node of this cluster signed it, or its time is over.
func (l *links) Open(token string, now time.Time) (ref fsm.IncidentRef, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	keys := l.keys.Load()
	if err != nil || len(b) != linkLength || keys == nil {
		return ref, false
	}
	said, mac := b[:linkLength-linkMAC], b[linkLength-linkMAC:]
	for _, key := range *keys {
		ok = ok || hmac.Equal(mac, signature(key, said))
	}
	copy(ref.Heartbeat[:], said)
	ref.Number = binary.BigEndian.Uint32(said[12:])
	return ref, ok && now.Unix() <= int64(binary.BigEndian.Uint32(said[16:]))
}

func signature(key, said []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(said)
	return h.Sum(nil)[:linkMAC]
}
