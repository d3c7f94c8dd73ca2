package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lonng/nano/bench/internal/load"
	"github.com/lonng/nano/bench/internal/report"
)

// What scenarios and budgets name is there, and each server speaks what it is asked for.
func TestNames(t *testing.T) {
	known := map[string]server{}
	for _, s := range servers() {
		known[s.name] = s
	}
	seen := map[string]scenario{}
	for _, s := range scenarios() {
		if _, twice := seen[s.name]; twice {
			t.Errorf("two scenarios %s", s.name)
		}
		seen[s.name] = s
		for _, name := range s.servers {
			sv, ok := known[name]
			if !ok {
				t.Errorf("%s: no server %s", s.name, name)
			}
			if sv.transport == "tls" && s.load.Work != load.Idle {
				t.Errorf("%s: %s cannot do more than be idle", s.name, name)
			}
			if _, err := os.Stat(filepath.Join("..", "..", sv.program)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, b := range budgets() {
		if !slices.Contains(seen[b.In].servers, b.Of) || seen[b.In].extra {
			t.Errorf("%s: %s is not in %s", b.What, b.Of, b.In)
		}
		if b.ToServer != "" && !slices.Contains(seen[b.To].servers, b.ToServer) {
			t.Errorf("%s: %s is not in %s", b.What, b.ToServer, b.To)
		}
	}
}

func TestChoose(t *testing.T) {
	plan, err := choose("depth=8/size=64/", "^floor$", false, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan {
		if !strings.Contains(s.name, "depth=8/size=64/") || !slices.Equal(s.servers, []string{"floor"}) || s.load.Conns > 2000 {
			t.Errorf("%+v", s)
		}
	}
	if len(plan) != 4 {
		t.Errorf("%d scenarios, want one for each count of connections", len(plan))
	}
	all, err := choose("request", "", true, false)
	if err != nil || len(all) != 3*3*4 {
		t.Errorf("%d requests in full, %v", len(all), err)
	}
	for _, bad := range [][2]string{{"(", ""}, {"", "("}, {"nothing of the kind", ""}} {
		if _, err := choose(bad[0], bad[1], false, false); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// Results come back from their file in the order of the scenarios, and the files are written.
func TestResults(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "r.json")
	set, err := loadResults(file)
	if err != nil || len(set.Scenarios) != 0 {
		t.Fatalf("no file: %v, %v", set, err)
	}
	for _, name := range []string{"tick", requestName(1, 64, 1000)} {
		set.Put(&report.Scenario{Name: name, Rows: []*report.Row{{Server: "floor", Runs: []*report.Run{{CPU: 1}, nil}}}})
	}
	if err := saveResults(file, set); err != nil {
		t.Fatal(err)
	}
	if set, err = loadResults(file); err != nil {
		t.Fatal(err)
	}
	order(set)
	if set.Scenarios[1].Name != "tick" || set.Scenario("tick").Rows[0].Runs[1] != nil {
		t.Errorf("came back as %+v", set.Scenarios)
	}
	set.Facts = facts(1, time.Second)
	b := bench{md: filepath.Join(dir, "t.md"), svg: filepath.Join(dir, "img", "p.svg")}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "img"), 0o755), b.write(set)); err != nil {
		t.Fatal(err)
	}
	md, err := os.ReadFile(b.md)
	if err != nil || !strings.Contains(string(md), "](img/p.svg)") || !strings.Contains(string(md), "### tick") {
		t.Errorf("%v: %s", err, md)
	}
}
