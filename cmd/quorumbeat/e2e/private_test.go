package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestFilesAreNobodyElsesWhateverTheMask runs everything that writes files under masks
// that would let everybody read them, or not even their owner.
func TestFilesAreNobodyElsesWhateverTheMask(t *testing.T) {
	t.Parallel()
	for _, mask := range []string{"000", "0777"} {
		t.Run(mask, func(t *testing.T) {
			t.Parallel()
			masked := func(line string) string { return sh(t, t.TempDir(), "umask "+mask+"\n"+line) }
			home := t.TempDir()
			sink := newSink(t, smtpsink.Config{})
			e := startWith(t, sink, localcluster.Options{
				Nodes: 1, Flags: mailFlags(sink, "none"),
				Hosts: []localcluster.Host{{Addr: "127.0.0.1", Enter: []string{"sh", "-c", `umask ` + mask + `; exec "$@"`, "sh"}}},
			})
			n := e.Nodes[0]
			h := create(t, n, fields{"name": "job", "interval_secs": 3600})
			ping(t, n, h)

			backup, restored, spool := filepath.Join(home, "backup"), filepath.Join(home, "data"), filepath.Join(home, "spool")
			masked(binary + " backup " + backup + " --url " + n.URL() + " --api-key " + adminKey)
			masked(binary + " restore " + backup + " --data-dir " + restored)
			said := masked(binary + " run --url http://127.0.0.1:1 --token " + h.Token + " --wait 0s --spool " + spool + " -- sh -c umask")
			if !strings.Contains(said, "0"+strings.TrimPrefix(mask, "0")) {
				t.Errorf("the job has another mask than it was given: %s", said)
			}
			testkit.Must(t, n.Stop())
			masked(binary + " cluster recover --the-others-are-gone --data-dir " + n.Dir)
			testkit.Must(t, n.Start())
			e.waitReady()

			for _, path := range []string{n.Dir, backup, restored, spool} {
				onlyMine(t, path)
			}
			states, _ := filepath.Glob(filepath.Join(n.Dir, "snapshots", "*", "state.bin"))
			entries, _ := filepath.Glob(filepath.Join(spool, "*.json"))
			if len(states) == 0 || len(entries) == 0 {
				t.Errorf("%d snapshots and %d entries of the spool were looked at", len(states), len(entries))
			}
		})
	}
}

// onlyMine makes sure that files are 0600 and folders 0700.
func onlyMine(t *testing.T, root string) {
	t.Helper()
	testkit.Must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o", path, info.Mode().Perm(), want)
		}
		return err
	}))
}

// TestAFolderThatOthersCanReadIsMended starts a node on what an older version, or a
// careless copy, has left open.
func TestAFolderThatOthersCanReadIsMended(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 1)
	n := e.Nodes[0]
	testkit.Must(t, n.Stop())
	testkit.Must(t, filepath.WalkDir(n.Dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	}))
	testkit.Must(t, n.Start())
	e.waitReady()
	info, err := os.Stat(n.Dir)
	testkit.Must(t, err)
	if info.Mode().Perm() != 0o700 || !strings.Contains(n.Log(), "took from other users") {
		t.Errorf("the folder has mode %04o, the log says:\n%s", info.Mode().Perm(), n.Log())
	}
	for _, name := range []string{"addrs.json", "log.db", "node.json"} {
		if info, err := os.Stat(filepath.Join(n.Dir, name)); err != nil || info.Mode()&0o077 != 0 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}
