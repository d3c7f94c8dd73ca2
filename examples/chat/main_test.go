package main

import (
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// references are what the page and its modules load.
var references = regexp.MustCompile(`(?:(?:from|import) '|(?:src|href)=")([^'"#]+)`)

func TestEverythingThatThePageLoadsIsServed(t *testing.T) {
	h, err := files()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var visit func(url string)
	visit = func(url string) {
		if seen[url] {
			return
		}
		seen[url] = true
		res := httptest.NewRecorder()
		h.ServeHTTP(res, httptest.NewRequest(http.MethodGet, url, nil))
		if res.Code != http.StatusOK {
			t.Errorf("%s: %d", url, res.Code)
		}
		if kind := res.Header().Get("Content-Type"); strings.HasSuffix(url, ".js") && !strings.HasPrefix(kind, "text/javascript") {
			t.Errorf("%s is %s: no browser takes that for a module", url, kind)
		}
		for _, m := range references.FindAllStringSubmatch(res.Body.String(), -1) {
			if next := m[1]; strings.HasPrefix(next, "/") {
				visit(next)
			} else if !strings.Contains(next, ":") {
				visit(path.Join(path.Dir(url), next))
			}
		}
	}
	visit("/")
	if !seen["/nano/wire.js"] || !seen["/timeline.js"] {
		t.Errorf("saw only %v", seen)
	}
}
