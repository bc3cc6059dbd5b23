// Package tickets has all nodes of a cluster take each other's TLS session tickets. A client that a balancer sends to
// another node than the last time then resumes its session there, which costs both less than half of a handshake.
//
// The keys are derived from the cluster secret and the time, so that nobody has to pass them on: each is used for new
// tickets for half a day, and its tickets are good until the end of the next half. Who has the cluster secret can open
// the tickets. That tells him what was sent in a resumed session of TLS 1.2; one of TLS 1.3 has keys of its own.
package tickets

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"sync/atomic"
	"time"
)

// epoch is for how long a key is used for new tickets.
const epoch = 12 * time.Hour

// Keys are the keys of a node's tickets. The zero value is without secrets: then tickets are good at this node only,
// until it restarts, and Go has its own keys for them.
type Keys struct {
	secrets atomic.Pointer[[][]byte]
	made    atomic.Pointer[madeConfig]
}

// madeConfig is a configuration with the keys of an epoch.
type madeConfig struct {
	secrets *[][]byte
	number  int64
	config  *tls.Config
}

// Set has tickets made with the first of the cluster's secrets, and those taken of all.
func (k *Keys) Set(secrets [][]byte) { k.secrets.Store(&secrets) }

// Use has a configuration use the keys for tickets, from the next handshake on.
func (k *Keys) Use(config *tls.Config) {
	base := config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return k.configAt(base, time.Now()) }
}

// configAt returns base with the keys of a time, or nil, which is base itself.
func (k *Keys) configAt(base *tls.Config, now time.Time) (*tls.Config, error) {
	secrets, number := k.secrets.Load(), now.Unix()/int64(epoch/time.Second)
	if secrets == nil || len(*secrets) == 0 {
		return nil, nil
	}
	if made := k.made.Load(); made != nil && made.secrets == secrets && made.number == number {
		return made.config, nil
	}
	keys, err := keysAt(*secrets, number)
	if err != nil {
		return nil, err
	}
	config := base.Clone()
	config.SetSessionTicketKeys(keys)
	k.made.Store(&madeConfig{secrets, number, config})
	return config, nil
}

// keysAt returns the key of an epoch for new tickets, and then those that are taken besides: of the epoch before, and
// of the next, for another node's clock may be ahead.
func keysAt(secrets [][]byte, number int64) (keys [][32]byte, err error) {
	for _, secret := range secrets {
		for _, n := range []int64{number, number - 1, number + 1} {
			key, err := hkdf.Key(sha256.New, secret, nil, fmt.Sprintf("quorumbeat session tickets %d", n), 32)
			if err != nil {
				return nil, err
			}
			keys = append(keys, [32]byte(key))
		}
	}
	return keys, nil
}
