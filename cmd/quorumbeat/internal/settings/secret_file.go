package settings

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// readSecretFile reads a file that only this user and root may know. The setting that
// names it is told in errors.
func readSecretFile(setting, path string) ([]byte, error) {
	if err := checkSecretFile(setting, path); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usage.Errorf("%s: %v", setting, err)
	}
	return b, nil
}

// checkSecretFile refuses a file that others can read, or could replace. What is no
// file (a pipe) has no readers but its ends.
func checkSecretFile(setting, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return usage.Errorf("%s: %w", setting, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return nil
	}
	if why := otherReaders(info.Mode(), int(stat.Uid), int(stat.Gid)); why != "" {
		return usage.Errorf("%s: %s %s; it holds a secret: %s", setting, path, why, adviceToProtect(path))
	}
	return nil
}

func adviceToProtect(path string) string {
	return fmt.Sprintf("'chown %d %s && chmod 600 %s', and change the secret if others may have read it", os.Geteuid(), path, path)
}

// otherReaders tells who beside this user and root may have to do with a file, "" if nobody.
//
// Group bits are fine on a file of root's for a group of this process: so an
// administrator gives a service what it may read and not change (root:quorumbeat, 0640).
// They are fine for root's group, too: systemd's LoadCredential shows its access list as
// that. On a file of the user's own they are an oversight: its owner needs no group.
func otherReaders(mode fs.FileMode, owner, group int) string {
	switch perm := mode.Perm(); {
	case owner != 0 && owner != os.Geteuid():
		return fmt.Sprintf("belongs to another user (%d)", owner)
	case perm&0o007 != 0:
		return fmt.Sprintf("is open to every user (mode %04o)", perm)
	case perm&0o020 != 0:
		return fmt.Sprintf("can be changed by a group (mode %04o)", perm)
	case perm&0o070 != 0 && !(owner == 0 && (group == 0 || ownGroup(group))):
		return fmt.Sprintf("can be read by a group (mode %04o)", perm)
	}
	return ""
}

// ownGroup reports whether this process is in a group.
func ownGroup(group int) bool {
	groups, _ := os.Getgroups()
	return group == os.Getegid() || slices.Contains(groups, group)
}
