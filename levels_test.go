package nano_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const modulePath = "github.com/lonng/nano"

// levels are those of the packages. A package imports lower levels only. A key that ends in / stands for all packages below.
var levels = map[string]int{
	"wire":               0,
	"serialize":          0,
	"session":            0,
	"scheduler":          0,
	"cluster/clusterpb":  0,
	"internal/sendq":     0,
	"internal/mailbox":   0,
	"internal/memnet":    0,
	"internal/lazyread":  0,
	"internal/hangup":    0,
	"internal/ratelimit": 0,
	"internal/doubles":   0,
	"internal/leaktest":  0,
	"sdk/js":             0,
	"serialize/json":     1,
	"serialize/protobuf": 1,
	"serialize/msgpack":  1,
	"mock":               1,
	"pipeline":           1,
	"component":          1,
	"transport/ws":       1,
	"internal/agent":     2,
	"internal/mux":       2,
	"cluster":            2,
	"client":             2,
	"cluster/natsbus":    3,
	"":                   4,
	"console":            5,
	"nanotest":           5,
	"cmd/":               6,
	"examples/":          6,
}

// levelOf returns the level of a package of this module.
func levelOf(path string) (level int, ok bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(path, modulePath), "/")
	if level, ok = levels[name]; ok {
		return level, true
	}
	for key, level := range levels {
		if strings.HasSuffix(key, "/") && strings.HasPrefix(name, key) {
			return level, true
		}
	}
	return 0, false
}

func ours(path string) bool { return path == modulePath || strings.HasPrefix(path, modulePath+"/") }

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Error      *struct{ Err string }
}

// packages lists this module's packages and what they import, directly or not.
func packages(t *testing.T) (all []listed) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-e", "-json=ImportPath,Imports,Error", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Error != nil {
			t.Errorf("%s: %s", p.ImportPath, p.Error.Err)
		}
		all = append(all, p)
	}
}

func TestImportLevels(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		if !ours(p.ImportPath) {
			continue
		}
		found++
		level, ok := levelOf(p.ImportPath)
		if !ok {
			t.Errorf("%s has no level", p.ImportPath)
			continue
		}
		for _, dep := range p.Imports {
			if below, ok := levelOf(dep); ours(dep) && ok && below >= level {
				t.Errorf("%s, of level %d, imports %s, of level %d", p.ImportPath, level, dep, below)
			}
		}
	}
	if found < 15 {
		t.Errorf("go list found %d packages", found)
	}
}

// Heavy dependencies belong to one package each.
func TestWhoImportsWhat(t *testing.T) {
	allowed := map[string][]string{
		"github.com/gobwas/":          {"transport/ws"},
		"github.com/vmihailenco/":     {"serialize/msgpack"},
		"google.golang.org/protobuf/": {"serialize/protobuf", "nanotest"},
		"github.com/nats-io/":         {"cluster/natsbus"},
		"github.com/prometheus/":      {"console"},
		"github.com/quic-go/":         {"transport/quic"},
	}
	for _, p := range packages(t) {
		if !ours(p.ImportPath) {
			continue
		}
		for _, dep := range p.Imports {
			first, _, _ := strings.Cut(dep, "/")
			if !strings.Contains(first, ".") || ours(dep) {
				continue // the standard library, or this module
			}
			ok := false
			for prefix, users := range allowed {
				for _, user := range users {
					ok = ok || strings.HasPrefix(dep, prefix) && p.ImportPath == modulePath+"/"+user
				}
			}
			if !ok {
				t.Errorf("%s imports %s", p.ImportPath, dep)
			}
		}
	}
}
