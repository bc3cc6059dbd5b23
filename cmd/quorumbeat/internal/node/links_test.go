package node

import (
	"bytes"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestLinks(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	ref := fsm.IncidentRef{Heartbeat: fsm.HeartbeatID{1, 11: 2}, Number: 300}
	secret := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	with := func(secrets ...[]byte) *links {
		l := &links{}
		if err := l.setSecrets(secrets); err != nil {
			t.Fatal(err)
		}
		return l
	}
	token := with(secret(1)).Sign(ref, now.Add(time.Hour))
	for name, x := range map[string]struct {
		at    time.Time
		token string
		by    *links
		want  bool
	}{
		"at another node":                {now, token, with(secret(1)), true},
		"after the secret changed":       {now, token, with(secret(2), secret(1)), true},
		"once the old secret is gone":    {now, token, with(secret(2)), false},
		"without a secret":               {now, token, with(), false},
		"before any secret is known":     {now, token, &links{}, false},
		"in its last second":             {now.Add(time.Hour), token, with(secret(1)), true},
		"after its time":                 {now.Add(time.Hour + time.Second), token, with(secret(1)), false},
		"cut":                            {now, token[:len(token)-1], with(secret(1)), false},
		"with more behind it":            {now, token + "A", with(secret(1)), false},
		"none":                           {now, "", with(secret(1)), false},
		"what is no base64 of that kind": {now, "+" + token[1:], with(secret(1)), false},
	} {
		got, ok := x.by.Open(x.token, x.at)
		if ok != x.want || ok && got != ref {
			t.Errorf("%s: %v of %v, want %v", name, ok, got, x.want)
		}
	}
	for i := range token {
		b := []byte(token)
		if b[i]++; b[i] == 'z'+1 || b[i] == '9'+1 || b[i] == 'Z'+1 {
			b[i] = 'a'
		}
		if _, ok := with(secret(1)).Open(string(b), now); ok {
			t.Errorf("changed at %d, and believed", i)
		}
	}
	if got := with().Sign(ref, now); got != "" {
		t.Errorf("signed without a secret: %q", got)
	}
}
