package api

import (
	"errors"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/store"
)

func TestConfigSaysWhatToDo(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg   Config
		words string // "": it is good
	}{
		"nothing set":                         {Config{}, ""},
		"the shortest admin key":              {Config{AdminKey: strings.Repeat("a", 16)}, ""},
		"the longest admin key":               {Config{AdminKey: strings.Repeat("~", 256)}, ""},
		"an admin key that is too short":      {Config{AdminKey: strings.Repeat("a", 15)}, "--admin-key"},
		"an admin key that is too long":       {Config{AdminKey: strings.Repeat("a", 257)}, "--admin-key"},
		"an admin key with a space":           {Config{AdminKey: "an admin key of words"}, "--admin-key"},
		"an admin key with a line break":      {Config{AdminKey: "an-admin-key-for-tests\n"}, "--admin-key"},
		"a scrape token that is too short":    {Config{MetricsToken: "secret"}, "--metrics-token"},
		"a certificate without its key":       {Config{TLSCert: "cert.pem"}, "--http-tls-key"},
		"a key without its certificate":       {Config{TLSKey: "key.pem"}, "--http-tls-cert"},
		"certificate files that do not exist": {Config{TLSCert: "/nowhere/cert.pem", TLSKey: "/nowhere/key.pem"}, "--http-tls-cert"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.cfg, store.New(), &fakeCluster{})
			if (err == nil) != (tt.words == "") {
				t.Fatalf("error %v", err)
			}
			if err != nil && (!errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), tt.words)) {
				t.Errorf("error %v, want an ErrConfig that names %s", err, tt.words)
			}
			if err != nil && tt.cfg.AdminKey != "" && strings.Contains(err.Error(), tt.cfg.AdminKey) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
}
