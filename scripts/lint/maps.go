package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// withoutMap are packages whose doc.go is for their users, to whom files are no matter.
var withoutMap = []string{"sdk/go"}

// checkMaps finds packages whose doc.go names other files than they have. A package of one file
// needs no map.
func checkMaps(pkgs []pkg) (found []string, err error) {
	for _, p := range pkgs {
		dir, files := packageDir(p.ImportPath), shippedFiles(p)
		files = slices.DeleteFunc(files, func(name string) bool { return name == "doc.go" })
		if slices.Contains(withoutMap, dir) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(p.Dir, "doc.go"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		found = append(found, compareMap(dir, files, string(text))...)
	}
	return found, nil
}

// compareMap compares the files of a package with those that its doc.go names.
func compareMap(dir string, files []string, text string) (found []string) {
	named := map[string]bool{}
	for _, pattern := range filesInMap(text) {
		there := false
		for _, file := range files {
			if ok, _ := filepath.Match(pattern, file); ok {
				named[file], there = true, true
			}
		}
		if !there {
			found = append(found, fmt.Sprintf("%s/doc.go names %s, which is not there", dir, pattern))
		}
	}
	for _, file := range files {
		if !named[file] && len(files) > 1 {
			found = append(found, fmt.Sprintf("%s/doc.go does not name %s: its map has a line for each file", dir, file))
		}
	}
	return found
}

// filesInMap are the files that a doc.go names without a folder: those of its own package. A
// star stands for several.
func filesInMap(text string) (names []string) {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:()`'\"", r) })
	for _, word := range words {
		word = strings.TrimRight(word, ".")
		if strings.HasSuffix(word, ".go") && !strings.Contains(word, "/") && word != "doc.go" {
			names = append(names, word)
		}
	}
	return names
}

// shippedFiles are the Go files of a package besides its tests, of every system and build tag.
func shippedFiles(p pkg) []string {
	others := slices.DeleteFunc(slices.Clone(p.IgnoredGoFiles), func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	return slices.Concat(p.GoFiles, others)
}
