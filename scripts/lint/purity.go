package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// impureTime lists what of package time reads a clock or the machine's zone.
var impureTime = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true,
	"Tick": true, "NewTimer": true, "NewTicker": true, "Local": true, "LoadLocation": true,
}

// checkPurity finds uses of the machine's clock and zone in a file of fsm. src
// is as for parser.ParseFile: nil reads the file.
func checkPurity(file string, src any) ([]string, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	name := localName(tree, "time")
	var found []string
	report := func(pos token.Pos, what string) {
		found = append(found, fmt.Sprintf("%s: %s: in fsm, time and chance are data", fset.Position(pos), what))
	}
	if name == "." {
		report(tree.Pos(), "time is imported with a dot")
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && impureTime[sel.Sel.Name] {
			report(sel.Pos(), "time."+sel.Sel.Name)
		}
		return true
	})
	return found, nil
}

// localName is the name by which a file knows an imported package, or "".
func localName(tree *ast.File, path string) string {
	for _, imp := range tree.Imports {
		if p, err := strconv.Unquote(imp.Path.Value); err == nil && p == path {
			if imp.Name != nil {
				return imp.Name.Name
			}
			return path
		}
	}
	return ""
}
