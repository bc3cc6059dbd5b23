package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/quorumbeat/quorumbeat"

func main() {
	violations, err := check()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lint:", err)
		os.Exit(2)
	}
	for _, v := range violations {
		fmt.Println(v)
	}
	if len(violations) > 0 {
		os.Exit(1)
	}
}

func check() ([]string, error) {
	found, err := checkCode()
	if err != nil {
		return nil, err
	}
	gomod, err := os.ReadFile("go.mod")
	if err != nil {
		return nil, fmt.Errorf("run this from the repository's root: %w", err)
	}
	found = append(found, checkPins(string(gomod))...)
	mentions, err := checkFiles()
	return append(found, mentions...), err
}

// checkCode looks at every package: what it imports, how large it is, whether its doc.go maps
// its files and, in fsm, whether it reads a clock and which tests start goroutines.
func checkCode() ([]string, error) {
	pkgs, err := listPackages()
	if err != nil {
		return nil, err
	}
	maps, err := checkMaps(pkgs)
	if err != nil {
		return nil, err
	}
	found := slices.Concat(checkImports(pkgs), checkSize(pkgs), maps)
	for _, p := range pkgs {
		if !under(packageDir(p.ImportPath), "fsm") {
			continue
		}
		pure, err := inFiles(p, p.GoFiles, checkPurity)
		if err != nil {
			return nil, err
		}
		named, err := inFiles(p, slices.Concat(p.TestGoFiles, p.XTestGoFiles), checkBeside)
		if err != nil {
			return nil, err
		}
		found = slices.Concat(found, pure, named)
	}
	return found, nil
}

// inFiles is what a check finds in files of a package.
func inFiles(p pkg, names []string, check func(string, any) ([]string, error)) (found []string, err error) {
	for _, name := range names {
		v, err := check(filepath.Join(p.Dir, name), nil)
		if err != nil {
			return nil, err
		}
		found = append(found, v...)
	}
	return found, nil
}

// listPackages asks the go command what there is and what it imports.
func listPackages() ([]pkg, error) {
	out, err := run("go", "list", "-json=ImportPath,Dir,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	if err != nil {
		return nil, err
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
}

// checkFiles looks through every file that is, or is about to be, committed.
func checkFiles() ([]string, error) {
	out, err := run("git", "ls-files", "-co", "--exclude-standard", "-z")
	if err != nil {
		return nil, err
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	var found []string
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, not yet committed
		}
		if err != nil {
			return nil, err
		}
		found = append(found, checkMentions(name, text, root)...)
		ext := filepath.Ext(name)
		if name == "Makefile" || ext == ".md" {
			found = append(found, checkCommands(name, string(text), testsIn)...)
		}
		if ext == ".md" || ext == ".go" {
			found = append(found, checkFileNames(name, string(text), fileExists)...)
		}
	}
	return found, nil
}

func run(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return out, nil
}
