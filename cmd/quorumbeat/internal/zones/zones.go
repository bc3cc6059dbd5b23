package zones

import (
	"fmt"
	"regexp"
	"sync"
	"time"
)

// Zones finds zones by name. Its methods may be called at any time from anywhere.
type Zones struct {
	dirs []string

	mu     sync.Mutex
	source source
	loaded map[string]*time.Location // as many as there are names
}

// New looks in folders for the machine's rules; without folders, in the usual ones.
func New(dirs ...string) *Zones {
	if len(dirs) == 0 {
		dirs = usualDirs()
	}
	z := &Zones{dirs: dirs}
	z.Refresh()
	return z
}

// Refresh looks whether the machine's rules were replaced, and reports whether the rules in use
// are others than before.
func (z *Zones) Refresh() bool {
	newest := choose(z.dirs)
	z.mu.Lock()
	defer z.mu.Unlock()
	if newest.version == z.source.version && newest.where == z.source.where {
		return false
	}
	z.source, z.loaded = newest, make(map[string]*time.Location)
	return true
}

// Version says which rules are in use: "2026a (of this machine)" or "2025c (built in)".
func (z *Zones) Version() string {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.source.version + " (" + z.source.where + ")"
}

// UnknownError is the answer to a name that no zone has.
type UnknownError struct {
	Name       string
	Suggestion string // a zone's name that may be meant; empty if none is near
}

func (e *UnknownError) Error() string {
	if e.Suggestion == "" {
		return fmt.Sprintf("time zone %q is unknown; a name is like Europe/Berlin or UTC", e.Name)
	}
	return fmt.Sprintf("time zone %q is unknown; %q would work", e.Name, e.Suggestion)
}

// nameForm is what names look like. It keeps a name from being a path to somewhere else, and keeps out posix/
// and right/: the latter count leap seconds, which the rest of the program does not.
var nameForm = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}$`)

const maxName = 64 // bytes; the longest there is has 32

// Location is the zone of an IANA name; UTC for an empty one. An unknown name is an *UnknownError.
func (z *Zones) Location(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	if len(name) > maxName {
		return nil, &UnknownError{Name: name[:maxName] + "…"}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if loc := z.loaded[name]; loc != nil {
		return loc, nil
	}
	if !nameForm.MatchString(name) {
		return nil, &UnknownError{Name: name, Suggestion: nearest(name)}
	}
	loc, err := z.source.load(name)
	if err != nil {
		return nil, &UnknownError{Name: name, Suggestion: nearest(name)}
	}
	z.loaded[name] = loc
	return loc, nil
}

// usualDirs are where systems keep their rules.
func usualDirs() []string {
	return []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"}
}
