package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// testCommand is a `go test` as a document or the Makefile writes it, up to where it ends.
	testCommand = regexp.MustCompile("go test [^`;\n]*")
	runFlag     = regexp.MustCompile(`-run (?:'([^']*)'|(\S+))`)
	packageArg  = regexp.MustCompile(`\./[\w/.]+|\$\(E2E\)`)
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
)

// checkCommands finds commands in a document that run no test, for it moved or has another
// name. testsOf names the tests of a package by its folder.
func checkCommands(name, text string, testsOf func(dir string) []string) []string {
	var found []string
	for n, line := range strings.Split(text, "\n") {
		for _, command := range testCommand.FindAllString(line, -1) {
			run := runFlag.FindStringSubmatch(command)
			dirs := packageArg.FindAllString(command, -1)
			if run == nil || len(dirs) == 0 || strings.Contains(run[0], "$(") {
				continue
			}
			var tests []string
			for _, dir := range dirs {
				tests = append(tests, testsOf(strings.ReplaceAll(dir, "$(E2E)", "./cmd/quorumbeat/e2e"))...)
			}
			for _, alternative := range strings.Split(plainPattern(run[1]+run[2]), "|") {
				if alternative != "xxx" && alternative != "^$" && !anyMatches(alternative, tests) {
					found = append(found, fmt.Sprintf("%s:%d: %q runs no test called like %s", name, n+1, command, alternative))
				}
			}
		}
	}
	return found
}

// plainPattern is the part of a -run pattern that names tests, as the go command gets it:
// tables escape its bars, the Makefile its dollars.
func plainPattern(pattern string) string {
	top, _, _ := strings.Cut(pattern, "/")
	return strings.NewReplacer(`\|`, "|", "$$", "$").Replace(top)
}

func anyMatches(pattern string, tests []string) bool {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return false
	}
	for _, t := range tests {
		if re.MatchString(t) {
			return true
		}
	}
	return false
}

// testsIn lists the tests in the files of a folder, of every system.
func testsIn(dir string) (tests []string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, file := range files {
		text, _ := os.ReadFile(file) // it was there a moment ago
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			tests = append(tests, string(m[1]))
		}
	}
	return tests
}
