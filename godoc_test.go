package nano_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Every exported name of every public package has a doc comment, and so has every package.
func TestDocComments(t *testing.T) {
	dirs := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "bench" || name == "testdata" || name == "node_modules"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			dirs[filepath.Dir(path)] = append(dirs[filepath.Dir(path)], path)
		}
		return nil
	})
	must(t, err)
	for dir, files := range dirs {
		checkDocs(t, dir, files)
	}
	if len(dirs) < 15 {
		t.Errorf("%d packages were found", len(dirs))
	}
}

func checkDocs(t *testing.T, dir string, files []string) {
	t.Helper()
	fset := token.NewFileSet()
	public := !strings.Contains("/"+filepath.ToSlash(dir)+"/", "/internal/")
	hasDoc := false
	for _, file := range files {
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		must(t, err)
		hasDoc = hasDoc || f.Doc != nil
		if !public || f.Name.Name == "main" {
			continue
		}
		for _, decl := range f.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s has no doc comment", fset.Position(decl.Pos()), name)
			}
		}
	}
	if !hasDoc {
		t.Errorf("the package in %s has no doc comment", dir)
	}
}

// undocumented returns the exported names that a declaration makes without a comment. The comment of a group is one for all of its
// constants and variables, not for its types.
func undocumented(decl ast.Decl) (names []string) {
	if f, ok := decl.(*ast.FuncDecl); ok {
		if f.Doc == nil && f.Name.IsExported() && exportedReceiver(f) {
			names = append(names, f.Name.Name)
		}
		return names
	}
	group := decl.(*ast.GenDecl)
	for _, spec := range group.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && spec.Doc == nil && spec.Comment == nil && (group.Doc == nil || len(group.Specs) > 1) {
				names = append(names, spec.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && spec.Doc == nil && spec.Comment == nil && group.Doc == nil {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// exportedReceiver reports whether a function has no receiver, or one of an exported type.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return true
		}
	}
}
