package main

import (
	"fmt"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// pins are the versions that are known to build and work together. raft-boltdb
// 2.3.1 does not build with raft 1.8; a bbolt before 1.4.3 can lose its
// freelist. A blind `go get -u` must fail here.
var pins = []struct {
	module, version string
	orNewer         bool
}{
	{"github.com/hashicorp/raft", "v1.8.0", false},
	{"github.com/hashicorp/raft-boltdb/v2", "v2.3.0", false},
	{"github.com/hashicorp/memberlist", "v0.7.0", false},
	{"go.etcd.io/bbolt", "v1.4.3", true},
	{"github.com/valyala/fasthttp", "v1.78.0", true},
	{"github.com/prometheus/client_golang", "v1.25.0", true},
}

func checkPins(gomod string) []string {
	file, err := modfile.Parse("go.mod", []byte(gomod), nil)
	if err != nil {
		return []string{err.Error()}
	}
	have := map[string]string{}
	for _, r := range file.Require {
		have[r.Mod.Path] = r.Mod.Version
	}
	var found []string
	for _, p := range pins {
		v, ok := have[p.module]
		switch {
		case !ok:
			found = append(found, fmt.Sprintf("go.mod: %s is missing, it must be %s", p.module, p.version))
		case p.orNewer && semver.Compare(v, p.version) < 0:
			found = append(found, fmt.Sprintf("go.mod: %s is %s, it must be %s or newer", p.module, v, p.version))
		case !p.orNewer && v != p.version:
			found = append(found, fmt.Sprintf("go.mod: %s is %s, it must be %s", p.module, v, p.version))
		}
	}
	for _, r := range file.Replace {
		found = append(found, fmt.Sprintf("go.mod: %s is replaced: build from what is published", r.Old.Path))
	}
	return found
}
