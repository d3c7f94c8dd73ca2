package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lonng/nano/bench/internal/report"
)

// loadResults reads what earlier runs measured; no file, or none there yet, is an empty set.
func loadResults(file string) (*report.Set, error) {
	set := &report.Set{}
	if file == "" {
		return set, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return set, nil
	}
	if err != nil {
		return nil, err
	}
	return set, json.Unmarshal(b, set)
}

func saveResults(file string, set *report.Set) error {
	if file == "" {
		return nil
	}
	b, err := json.MarshalIndent(set, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o644)
}

// order sorts the scenarios as they stand in scenarios.
func order(set *report.Set) {
	place := map[string]int{}
	for i, s := range scenarios() {
		place[s.name] = i
	}
	slices.SortStableFunc(set.Scenarios, func(a, b *report.Scenario) int { return place[a.Name] - place[b.Name] })
}

// write writes the Markdown and the plot, where they are asked for.
func (b *bench) write(set *report.Set) error {
	const title = "nano: server CPU and memory"
	var errs []error
	if b.svg != "" {
		errs = append(errs, create(b.svg, func(f *os.File) error { return set.SVG(f, title, "nano") }))
	}
	if b.md != "" {
		errs = append(errs, create(b.md, func(f *os.File) error {
			if b.svg != "" {
				at, err := filepath.Rel(filepath.Dir(b.md), b.svg)
				if err != nil {
					return err
				}
				fmt.Fprintf(f, "![%s](%s)\n\n", title, filepath.ToSlash(at))
			}
			return set.Text(f)
		}))
	}
	return errors.Join(errs...)
}

func create(file string, write func(*os.File) error) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
