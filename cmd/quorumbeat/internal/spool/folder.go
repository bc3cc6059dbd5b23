package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cluster/durable"
)

// Bounds of the spool. What is oldest goes first.
const (
	maxEntries = 10_000
	maxBytes   = 32 << 20
	maxAge     = 24 * time.Hour // the server takes no ping that is older
)

// Folder is a folder of entries, one a file, which any number of processes use at the
// same time. Its files hold tokens and the output of jobs: nobody else may read them.
type Folder struct {
	Dir  string // as in --spool; "": the first of dirs that can be used
	most int    // entries; 0: the usual bound
}

// Register adds the flag that chooses the folder.
func (s *Folder) Register(f *pflag.FlagSet) {
	f.StringVar(&s.Dir, "spool", "", "`folder` for what could not be told (default: ~/.local/state/quorumbeat/spool)")
}

// dirs are the folders that may be in use, the best first.
func (s *Folder) dirs() []string {
	if s.Dir != "" {
		return []string{s.Dir}
	}
	var dirs []string
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		dirs = append(dirs, filepath.Join(state, "quorumbeat", "spool"))
	} else if home := os.Getenv("HOME"); filepath.IsAbs(home) {
		dirs = append(dirs, filepath.Join(home, ".local", "state", "quorumbeat", "spool"))
	}
	return append(dirs, filepath.Join(os.TempDir(), "quorumbeat-spool-"+strconv.Itoa(os.Getuid())))
}

// Add keeps an entry, and returns in which folder.
func (s *Folder) Add(e Entry) (dir string, err error) {
	for _, dir := range s.dirs() {
		if e := makeFolder(dir); e != nil {
			err = errors.Join(err, e)
			continue
		}
		if e := s.addTo(dir, e); e != nil {
			err = errors.Join(err, e)
			continue
		}
		return dir, nil
	}
	return "", err
}

func (s *Folder) addTo(dir string, e Entry) error {
	e.Version = entryVersion
	name := fmt.Sprintf("%019d-%s%s", e.at().UnixNano(), e.Signals[0].Key, entrySuffix)
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	s.makeRoom(dir, len(text))
	err = writeEntry(dir, name, text)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		// That it ran is worth more than what it printed.
		if text, err = json.Marshal(e.withoutBodies()); err == nil {
			err = writeEntry(dir, name, text)
		}
	}
	return err
}

const (
	entrySuffix = ".json"
	tmpSuffix   = ".tmp"
)

// writeEntry makes a file that is whole or not there, also after a power cut.
func writeEntry(dir, name string, text []byte) error {
	if err := durable.ReplaceUnsynced(filepath.Join(dir, name), text); err != nil {
		return err
	}
	_ = durable.Sync(dir) // the entry is there, but for a power cut
	return nil
}

// makeFolder makes the folder, if need be, and refuses one that others may write to.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := checkPrivate(dir); err != nil {
		return err
	}
	_ = durable.Sync(filepath.Dir(dir)) // the folder is there, but for a power cut
	return os.Chmod(dir, 0o700)         // others may have been let in to read, or the mask kept this user out
}

func checkPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(owner.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s must be a folder that is yours, and that nobody else may write to", dir)
	}
	return nil
}

// keptFile is a file of the spool.
type keptFile struct {
	path string
	size int64
}

// list returns the entries of a folder, the oldest first, and removes what writers
// left that were killed.
func list(dir string) (all []keptFile, bytes int64, err error) {
	files, err := os.ReadDir(dir) // sorted by name, and so by time
	if err != nil {
		return nil, 0, err
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // gone meanwhile
		}
		path := filepath.Join(dir, f.Name())
		switch {
		case strings.HasSuffix(f.Name(), entrySuffix):
			all, bytes = append(all, keptFile{path, info.Size()}), bytes+info.Size()
		case strings.HasSuffix(f.Name(), tmpSuffix) && time.Since(info.ModTime()) > time.Hour:
			_ = os.Remove(path)
		}
	}
	return all, bytes, nil
}

// makeRoom removes the oldest entries until there is room for one more.
func (s *Folder) makeRoom(dir string, size int) {
	most := s.most
	if most == 0 {
		most = maxEntries
	}
	all, bytes, _ := list(dir)
	for len(all) > 0 && (len(all) >= most || bytes+int64(size) > maxBytes) {
		_ = os.Remove(all[0].path)
		bytes -= all[0].size
		all = all[1:]
	}
}

// readEntry returns what a file holds; an error is final unless the file is gone.
func (k keptFile) readEntry() (e Entry, err error) {
	text, err := os.ReadFile(k.path)
	if err != nil {
		return e, err
	}
	if err = json.Unmarshal(text, &e); err == nil && (e.Version != entryVersion || e.Token == "" || len(e.Signals) == 0) {
		err = fmt.Errorf("it is of version %d, or not whole", e.Version)
	}
	return e, err
}

// errBusy says that another process delivers what the spool holds.
var errBusy = errors.New("another process is at it")

// lock keeps other processes from delivering the same entries.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	_ = f.Chmod(0o600) // whatever the mask
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errBusy
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}

// folderExists reports whether a folder exists.
func folderExists(dir string) bool {
	_, err := os.Lstat(dir)
	return !errors.Is(err, fs.ErrNotExist)
}
