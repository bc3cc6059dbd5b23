package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// hosts of package registries. A lock file or a script that names one breaks
// wherever another mirror is in use. Written in two parts, so that this file
// does not name them.
var hosts = regexp.MustCompile(strings.Join([]string{
	`proxy\.` + `golang\.org`, `sum\.` + `golang\.org`, `registry\.` + `npmjs\.org`, `registry\.` + `yarnpkg\.com`,
	`pypi\.` + `org`, `files\.` + `pythonhosted\.org`, `deb\.` + `debian\.org`, `archive\.` + `ubuntu\.com`,
}, "|"))

// personal are paths that exist on one machine only.
var personal = regexp.MustCompile("(?:^|[\\s\"'`=(:])/(?:root|Users|work|workspaces?|home/[a-z0-9._-]+)/[\\w.-]")

// checkMentions finds what ties a file to the machine it was written on. root
// is where the repository lies now.
func checkMentions(name string, text []byte, root string) []string {
	if bytes.IndexByte(text, 0) >= 0 {
		return nil // not text
	}
	var found []string
	line := 0
	for l := range bytes.Lines(text) {
		line++
		if host := hosts.Find(l); host != nil {
			found = append(found, fmt.Sprintf("%s:%d: names the registry host %s", name, line, host))
		}
		if personal.Match(l) || len(root) > 1 && bytes.Contains(l, []byte(root+"/")) {
			found = append(found, fmt.Sprintf("%s:%d: names a path of the machine it was written on", name, line))
		}
	}
	return found
}
