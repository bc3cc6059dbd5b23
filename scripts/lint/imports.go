package main

import (
	"fmt"
	"slices"
	"strings"
)

// pkg is what `go list -json` tells about a package.
type pkg struct {
	ImportPath, Dir                    string
	GoFiles, IgnoredGoFiles            []string
	TestGoFiles, XTestGoFiles          []string
	Imports, TestImports, XTestImports []string
}

// onlyIn names the folders in which a module may be imported.
var onlyIn = []struct {
	path string
	dirs []string
}{
	{"github.com/hashicorp/raft", []string{"cluster"}},
	{"github.com/hashicorp/raft-boltdb", []string{"cluster"}},
	{"github.com/hashicorp/memberlist", []string{"cluster"}},
	{"go.etcd.io/bbolt", []string{"cluster"}},
	{"github.com/valyala/fasthttp", []string{"api", "scripts/yardstick"}},
}

// purePath reports the standard packages that fsm may use: everything but
// those that bring in clocks, chance, the system or a log.
func purePath(path string) bool {
	if path == "net/mail" || path == "net/netip" || path == "net/url" { // values and parsers only
		return true
	}
	for _, banned := range []string{"log", "math/rand", "crypto/rand", "net", "os", "syscall", "io/ioutil", "testing"} {
		if path == banned || strings.HasPrefix(path, banned+"/") {
			return false
		}
	}
	return true
}

// checkImports finds imports that a package must not have.
func checkImports(pkgs []pkg) []string {
	found := checkOrder(pkgs)
	for _, p := range pkgs {
		dir := packageDir(p.ImportPath)
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if why := misplacedModule(dir, path); why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", dir, path, why))
			}
		}
		if under(dir, "fsm") {
			found = append(found, impureImports(dir, p.Imports)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// misplacedModule tells why the package in dir may not import a module, or "".
func misplacedModule(dir, path string) string {
	for _, rule := range onlyIn {
		if under(path, rule.path) && !slices.ContainsFunc(rule.dirs, func(d string) bool { return under(dir, d) }) {
			return "only " + joinNames(rule.dirs) + " may"
		}
	}
	return ""
}

// impureImports names the imports that a package of the state machine must not have.
func impureImports(dir string, imports []string) []string {
	var found []string
	for _, path := range imports {
		first, _, _ := strings.Cut(path, "/")
		if under(path, module+"/fsm") {
			continue
		}
		if strings.Contains(first, ".") || !purePath(path) {
			found = append(found, fmt.Sprintf("%s imports %s: it must stay pure (no clock, chance, I/O or log; standard library only)", dir, path))
		}
	}
	return found
}

func packageDir(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func joinNames(names []string) string {
	if len(names) == 0 {
		return "nothing of this module"
	}
	return strings.Join(names, ", ")
}
