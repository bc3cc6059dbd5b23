package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed trace.go.txt
var trace []byte

const tracer = "internal/waytrace" // where the build finds it

// function is one function of the program.
type function struct{ dir, file, name string }

// build builds the program into dir with a note in each function of its main trees. A
// function's number is its place in the list.
func build(ctx context.Context, dir string) (all []function, err error) {
	overlay := map[string]string{}
	add := func(path string, text []byte) error {
		copied := filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay)))
		real, err := filepath.Abs(path)
		overlay[real] = copied
		return cmp.Or(err, os.WriteFile(copied, text, 0o600))
	}
	for _, tree := range []string{"fsm", "cluster", "api", "alerting"} {
		err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text, found, err := withNotes(path, src, len(all))
			if err != nil || len(found) == 0 {
				return err
			}
			all = append(all, found...)
			return add(path, text)
		})
		if err != nil {
			return nil, err
		}
	}
	if err := add(filepath.Join(tracer, "trace.go"), trace); err != nil {
		return nil, err
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", file, "-o", filepath.Join(dir, "quorumbeat"), "./cmd/quorumbeat")
	cmd.Stderr = os.Stderr
	return all, cmd.Run()
}

// withNotes returns a file of Go with a note at the beginning of each function, the first
// one of number first, and the functions.
func withNotes(path string, src []byte, first int) (text []byte, found []function, err error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, path, src, 0)
	if err != nil {
		return nil, nil, err
	}
	inserted := map[int]string{fset.Position(parsed.Name.End()).Offset: "; import waytrace \"github.com/quorumbeat/quorumbeat/" + tracer + "\""}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		inserted[fset.Position(f.Body.Lbrace).Offset+1] = fmt.Sprintf(" defer waytrace.Note(%d)();", first+len(found))
		dir, file := filepath.Split(path)
		found = append(found, function{filepath.Clean(dir), file, f.Name.Name})
	}
	var b bytes.Buffer
	last := 0
	for _, at := range slices.Sorted(func(yield func(int) bool) {
		for at := range inserted {
			if !yield(at) {
				return
			}
		}
	}) {
		b.Write(src[last:at])
		b.WriteString(inserted[at])
		last = at
	}
	b.Write(src[last:])
	return b.Bytes(), found, nil
}
