package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// checkBeside finds tests of fsm that start goroutines and whose names do not say so: make
// test-race runs those with Beside or While in their names, and no others. src is as for
// parser.ParseFile: nil reads the file.
func checkBeside(file string, src any) ([]string, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || strings.Contains(f.Name.Name, "Beside") || strings.Contains(f.Name.Name, "While") {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if startsGoroutine(n) {
				found = append(found, fmt.Sprintf("%s: %s starts a goroutine: tests of fsm that do have Beside or While in their name, by which make test-race knows them", fset.Position(n.Pos()), f.Name.Name))
			}
			return true
		})
	}
	return found, nil
}

// startsGoroutine reports whether a node is a go statement or calls a method Go.
func startsGoroutine(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		return true
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		return ok && sel.Sel.Name == "Go"
	}
	return false
}
