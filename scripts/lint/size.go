package main

import "fmt"

// maxFiles is how many Go files a package may have, tests not counted. One that outgrows
// it holds two ideas.
const maxFiles = 20

// checkSize finds packages of too many files.
func checkSize(pkgs []pkg) []string {
	var found []string
	for _, p := range pkgs {
		dir, n := packageDir(p.ImportPath), len(shippedFiles(p))
		if n > maxFiles {
			found = append(found, fmt.Sprintf("%s has %d files, more than %d: which two ideas does it hold?", dir, n, maxFiles))
		}
	}
	return found
}
