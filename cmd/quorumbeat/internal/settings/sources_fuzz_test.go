package settings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
)

// FuzzConfigFile reads any bytes as a configuration. What is accepted once is
// accepted again; nothing panics.
func FuzzConfigFile(f *testing.F) {
	for _, s := range []string{
		"", "smtp-url: \"stdout:\"\n", "history: 5\nmail-to: [a@example.com]\nsmtp-url: smtp://h:25?tls=none\n",
		"join: [h:1, h:2]\nalert-group-wait: 5s\n", "unknown: 1\n", "history: [1]\n", "- a\n- b\n", "a: &x [*x]\n", "history: 1e9\n", "\x00",
		"log-level: {a: b}\n", "? a\n: b\n",
	} {
		f.Add([]byte(s))
	}
	files, _ := filepath.Glob("../../../../testdata/config/*/*.yaml")
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "q.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		load := func() error {
			s := New(Build{})
			flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
			s.Register(flags)
			if err := flags.Set("config", file); err != nil {
				t.Fatal(err)
			}
			return s.Load(environmentOf(nil))
		}
		if first, second := load(), load(); (first == nil) != (second == nil) {
			t.Errorf("first %v, then %v", first, second)
		}
	})
}
