package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// goFile is a file that a document names with its folder. Braces and stars stand for several.
	goFile = regexp.MustCompile("`([\\w.*{},-]+/[\\w/.*{},-]+\\.go)`")
	// fileInComment is one that a comment names, from the repository's root.
	fileInComment = regexp.MustCompile(`//(?:.*[^\w/.-])?((?:fsm|cluster|api|alerting|cmd|internal|scripts|sdk)/[\w/*]+\.go)\b`)
	braces        = regexp.MustCompile(`^(.*)\{(.*)\}(.*)$`)
)

// checkFileNames finds files that a document, or a comment, names and that are not there any
// more. exists tells whether a pattern stands for a file.
func checkFileNames(name, text string, exists func(pattern string) bool) []string {
	names := goFile
	if filepath.Ext(name) == ".go" {
		names = fileInComment
	}
	var found []string
	for n, line := range strings.Split(text, "\n") {
		for _, m := range names.FindAllStringSubmatch(line, -1) {
			for _, file := range expandBraces(m[1]) {
				if !exists(file) {
					found = append(found, fmt.Sprintf("%s:%d: names %s, which is not there", name, n+1, file))
				}
			}
		}
	}
	return found
}

func expandBraces(name string) (names []string) {
	m := braces.FindStringSubmatch(name)
	if m == nil {
		return []string{name}
	}
	for part := range strings.SplitSeq(m[2], ",") {
		names = append(names, m[1]+part+m[3])
	}
	return names
}

func fileExists(pattern string) bool {
	files, err := filepath.Glob(pattern)
	return err == nil && len(files) > 0
}
